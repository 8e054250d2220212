// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "NullNetwork",
    products: [.library(name: "NullNetwork", type: .dynamic, targets: ["NullNetwork"])],
    dependencies: [.package(name: "pintle", path: "../../..")],
    targets: [
        .target(
            name: "NullNetwork", dependencies: [.product(name: "PintleSDK", package: "pintle")],
            linkerSettings: [
                .unsafeFlags([
                    "-Xlinker", "--version-script=\(Context.packageDirectory)/exports.map",
                    "-Xlinker", "-z", "-Xlinker", "defs", "-Xlinker", "-z", "-Xlinker", "nodelete",
                ])
            ])
    ]
)
