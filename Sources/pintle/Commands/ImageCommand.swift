internal import ArgumentParser
internal import Glibc
internal import PintleObjects

/// `pintle image`.
struct ImageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image", abstract: "Works on the node's images, whether or not pintle runs.",
        subcommands: [Import.self, List.self, Remove.self, Pull.self, Build.self])

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Imports an OCI layout or a docker archive; `-` reads standard input.")
        @OptionGroup var node: NodeOptions
        @Argument(help: "The archive (tar, gzip, zstd) or directory.") var file: String
        @Option(name: .long, help: "Names the image when the archive does not.") var reference: String?

        func run() async throws {
            let path = file == "-" ? "/proc/\(getpid())/fd/0" : NodeDirectory.absolute(file)
            var request: JSON = ["operation": "import", "path": .string(path)]
            if let reference { request["reference"] = .string(reference) }
            try await ControlClient.run(request, node)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists images.")
        @OptionGroup var node: NodeOptions
        func run() async throws { try await ControlClient.run(["operation": "list"], node) }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Removes images by name or id.")
        @OptionGroup var node: NodeOptions
        @Argument(help: "Names or ids.") var images: [String]
        func run() async throws {
            try await ControlClient.run(["operation": "remove", "images": .array(images.map { .string($0) })], node)
        }
    }

    struct Pull: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Pulls an image from its registry.")
        @OptionGroup var node: NodeOptions
        @Argument(help: "The image, such as docker.io/library/nginx:latest.") var image: String
        @Option(name: .long, help: "Such as linux/amd64; the node's by default.") var platform: String?
        @Option(name: .long, help: "Who asks.") var username: String?
        @Option(name: .long, help: "A file that holds the password.") var passwordFile: String?

        func run() async throws {
            var request: JSON = ["operation": "pull", "image": .string(image)]
            if let platform { request["platform"] = .string(platform) }
            if let username { request["username"] = .string(username) }
            if let passwordFile {
                guard let password = NodeDirectory.readText(passwordFile) else {
                    throw Failure("\(passwordFile) can't be read or is empty")
                }
                request["password"] = .string(password)
            }
            try await ControlClient.run(request, node)
        }
    }

    struct Build: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Makes an image of one layer out of a directory.")
        @OptionGroup var node: NodeOptions
        @Option(name: .long, help: "The directory that becomes the layer.") var rootfs: String
        @Option(name: .long, help: "The image's name.") var tag: String
        @Option(name: .long, help: "A word of the entrypoint; repeat it.") var entrypoint: [String] = []
        @Option(name: .long, help: "A word of the default arguments; repeat it.") var command: [String] = []
        @Option(name: .long, help: "NAME=VALUE; repeat it.") var env: [String] = []
        @Option(name: .long, help: "user[:group].") var user: String?
        @Option(name: .long, help: "Working directory.") var workingDir: String?
        @Option(name: .long, help: "Such as 80/tcp; repeat it.") var port: [String] = []

        func run() async throws {
            var request: JSON = [
                "operation": "build", "rootfs": .string(NodeDirectory.absolute(rootfs)), "tag": .string(tag),
                "entrypoint": .array(entrypoint.map { .string($0) }), "command": .array(command.map { .string($0) }),
                "env": .array(env.map { .string($0) }), "ports": .array(port.map { .string($0) }),
            ]
            if let user { request["user"] = .string(user) }
            if let workingDir { request["workingDir"] = .string(workingDir) }
            try await ControlClient.run(request, node)
        }
    }
}
