// swift-tools-version: 6.2
import PackageDescription

// MARK: Third-party products, each named once

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioHPACK: Target.Dependency = .product(name: "NIOHPACK", package: "swift-nio-http2")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioHTTP2: Target.Dependency = .product(name: "NIOHTTP2", package: "swift-nio-http2")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let nioTLS: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let nioWebSocket: Target.Dependency = .product(name: "NIOWebSocket", package: "swift-nio")
let asn1: Target.Dependency = .product(name: "SwiftASN1", package: "swift-asn1")
let x509: Target.Dependency = .product(name: "X509", package: "swift-certificates")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]
let strictC: [CSetting] = [.unsafeFlags(["-std=c11", "-Wall", "-Wextra", "-Werror"])]

/// What a shared object leaves undefined is an error; but the sanitizers' runtime is in the program that loads it.
let noUndefined = Context.environment["PINTLE_SANITIZE"] == nil ? ["-Xlinker", "-z", "-Xlinker", "defs"] : []

/// A driver: its entry file, and the shared object built from it, which exports one symbol.
func driver(_ name: String, core: String? = nil, path: String) -> (product: Product, target: Target) {
    (
        .library(name: name, type: .dynamic, targets: [name]),
        .target(
            name: name, dependencies: ["PintleSDK"] + (core.map { [.target(name: $0)] } ?? []), path: path,
            linkerSettings: [
                .unsafeFlags(
                    [
                        "-use-ld=lld", "-Xlinker", "--version-script=\(Context.packageDirectory)/Plugins/exports.map",
                        "-Xlinker", "-z", "-Xlinker", "nodelete",
                    ] + noUndefined)
            ])
    )
}

let drivers = [
    driver("RuntimeNamespace", core: "RuntimeNamespaceCore", path: "Plugins/RuntimeNamespace/Entry"),
    driver("NetworkBridge", core: "NetworkBridgeCore", path: "Plugins/NetworkBridge/Entry"),
    driver("StorageLocal", core: "PintleVolumes", path: "Plugins/StorageLocal/Entry"),
    driver("NullNetwork", path: "Examples/drivers/swift/Sources/NullNetwork"),
]

let package = Package(
    name: "pintle",
    products: [.executable(name: "pintle", targets: ["pintle"])] + drivers.map(\.product),
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // MARK: C
        .systemLibrary(name: "CLibNetlink", pkgConfig: "libnl-route-3.0", providers: [.apt(["libnl-route-3-dev"])]),
        .systemLibrary(name: "CSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "CPintleABI"),
        .target(name: "CPintleFields", dependencies: ["CPintleABI"]),
        .target(name: "CPintleHost", cSettings: strictC),
        .target(name: "CPintleImages", linkerSettings: [.linkedLibrary("nettle")]),
        .target(name: "CPintleNetlink", dependencies: ["CLibNetlink"], cSettings: strictC),
        .target(name: "CPintleSDK", dependencies: ["CPintleABI"]),
        .target(name: "CPintleSpecs", cSettings: [.unsafeFlags(["-std=c23"])]),
        .target(name: "CPintleStorage", cSettings: strictC),
        .target(name: "CPintleSystem"),
        // MARK: The ABI
        .target(name: "PintleInterfaces", dependencies: ["CPintleABI"]),
        .target(name: "PintleSDK", dependencies: ["CPintleABI", "CPintleSDK", "PintleInterfaces"]),
        .target(
            name: "PintleHost",
            dependencies: [
                "CPintleABI", "CPintleFields", "CPintleHost", "PintleInterfaces", "PintleLedger", "PintleNodePolicy",
                "PintleObjects", crypto,
            ]),
        .target(name: "PintleLedger", dependencies: [grdb]),
        // MARK: Objects, store, API server
        .target(name: "PintleObjects", dependencies: ["CPintleSpecs", yams]),
        .target(name: "PintleKinds", dependencies: ["PintleObjects"]),
        .target(name: "PintleClient", dependencies: ["PintleObjects"]),
        .target(name: "PintleStore", dependencies: [grdb]),
        .target(
            name: "PintleHTTP",
            dependencies: [
                "CZlib", asn1, crypto, nioCore, nioHPACK, nioHTTP1, nioHTTP2, nioPosix, nioSSL, nioTLS, nioWebSocket,
                x509,
            ]),
        .target(
            name: "PintleServer",
            dependencies: ["PintleClient", "PintleHTTP", "PintleKinds", "PintleObjects", "PintleStore", nioCore]),
        // MARK: Node
        .target(name: "PintleScheduler", dependencies: ["PintleClient", "PintleKinds", "PintleObjects"]),
        .target(name: "PintleNodePolicy", dependencies: ["PintleObjects"]),
        .target(name: "PintleProbes", dependencies: [nioCore, nioHPACK, nioHTTP2, nioPosix, nioSSL]),
        .target(
            name: "PintleNode",
            dependencies: [
                "CZlib", "PintleClient", "PintleInterfaces", "PintleKinds", "PintleNodePolicy", "PintleObjects",
                "PintleProbes", crypto,
            ]),
        .target(
            name: "PintleKubelet",
            dependencies: ["PintleClient", "PintleHTTP", "PintleNode", "PintleObjects", "PintleServer", nioCore]),
        // MARK: Drivers
        .target(name: "PintleNetlink", dependencies: ["CPintleNetlink"]),
        .target(name: "PintleSystem", dependencies: ["CPintleSystem"]),
        .target(
            name: "NetworkBridgeCore",
            dependencies: ["CPintleNetlink", "PintleInterfaces", "PintleNetlink", "PintleObjects", "PintleSDK"],
            path: "Plugins/NetworkBridge", exclude: ["Entry", "NetworkBridge.json"]),
        .target(
            name: "PintleVolumes", dependencies: ["CPintleStorage", "PintleInterfaces", "PintleObjects", "PintleSDK"]),
        .target(
            name: "RuntimeNamespaceCore",
            dependencies: [
                "CPintleImages", "CPintleSystem", "CSeccomp", "PintleInterfaces", "PintleObjects", "PintleSDK",
                "PintleSystem",
            ],
            path: "Plugins/RuntimeNamespace", exclude: ["Entry", "RuntimeNamespace.json"]),
        // MARK: The program
        .executableTarget(
            name: "pintle",
            dependencies: [
                "PintleClient", "PintleHost", "PintleHTTP", "PintleInterfaces", "PintleKubelet", "PintleLedger",
                "PintleNetlink", "PintleNode", "PintleNodePolicy", "PintleObjects", "PintleScheduler", "PintleServer",
                "PintleStore", argumentParser, logging, nioCore,
            ]),
        // MARK: Benchmarks
        .executableTarget(
            name: "driver-calls", dependencies: ["PintleHost", "PintleInterfaces"], path: "Benchmarks/driver-calls",
            exclude: ["README.md", "run"]),
        .executableTarget(
            name: "probe-load", dependencies: ["PintleNode"], path: "Benchmarks/probes", exclude: ["README.md", "run"]),
        .executableTarget(
            name: "runtime-start", dependencies: ["PintleHost", "PintleInterfaces", "PintleLedger", "PintleObjects"],
            path: "Benchmarks/runtime", exclude: ["README.md", "run"]),
        // MARK: Tests
        .testTarget(name: "ImageTests", dependencies: ["CPintleImages", "PintleObjects", "RuntimeNamespaceCore"]),
        .testTarget(
            name: "InfraTests", dependencies: ["CPintleSystem", "PintleSystem", "RuntimeNamespaceCore"],
            exclude: ["Infra-1.0"]),
        .testTarget(
            name: "NetworkBridgeTests",
            dependencies: [
                "CPintleNetlink", "NetworkBridgeCore", "PintleInterfaces", "PintleNetlink", "PintleObjects",
                "PintleSDK",
            ]),
        .testTarget(
            name: "PintleHostTests",
            dependencies: [
                "CPintleABI", "CPintleFields", "CPintleHost", "PintleHost", "PintleInterfaces", "PintleLedger",
                "PintleNodePolicy", "PintleObjects",
            ]),
        .testTarget(name: "PintleHTTPTests", dependencies: ["PintleHTTP", nioCore, nioWebSocket]),
        .testTarget(
            name: "PintleKubeletTests", dependencies: ["PintleHTTP", "PintleKubelet"]),
        .testTarget(name: "PintleKindsTests", dependencies: ["PintleKinds", "PintleObjects"]),
        .testTarget(name: "PintleLedgerTests", dependencies: ["PintleLedger"]),
        .testTarget(
            name: "PintleNodeTests",
            dependencies: [
                "PintleClient", "PintleInterfaces", "PintleNode", "PintleNodePolicy", "PintleObjects", "PintleProbes",
            ]),
        .testTarget(
            name: "PintleProbesTests",
            dependencies: ["PintleProbes", crypto, nioCore, nioHPACK, nioHTTP2, nioPosix, nioSSL, x509]),
        .testTarget(name: "PintleObjectsTests", dependencies: ["CPintleSpecs", "PintleObjects"]),
        .testTarget(
            name: "PintleSDKTests", dependencies: ["CPintleABI", "CPintleFields", "PintleInterfaces", "PintleSDK"]),
        .testTarget(name: "PintleSchedulerTests", dependencies: ["PintleClient", "PintleObjects", "PintleScheduler"]),
        .testTarget(
            name: "PintleServerTests",
            dependencies: [
                "PintleClient", "PintleHTTP", "PintleObjects", "PintleServer", "PintleStore", nioCore, nioHTTP1,
                nioPosix, nioSSL,
            ]),
        .testTarget(name: "PintleStoreTests", dependencies: ["PintleStore"]),
        .testTarget(
            name: "RuntimeNamespaceTests",
            dependencies: [
                "CPintleSystem", "PintleInterfaces", "PintleObjects", "PintleSDK", "PintleSystem",
                "RuntimeNamespaceCore",
            ]),
        .testTarget(
            name: "StorageLocalTests",
            dependencies: ["CPintleStorage", "PintleInterfaces", "PintleSDK", "PintleVolumes"]),
    ] + drivers.map(\.target)
)

for target in package.targets where ![.system, .plugin, .binary].contains(target.type) && !target.name.hasPrefix("C") {
    target.swiftSettings = (target.swiftSettings ?? []) + swiftSettings
}
