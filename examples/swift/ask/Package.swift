// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "ask",
    platforms: [.macOS(.v13)],
    dependencies: [.package(path: "../../../bindings/swift")],
    targets: [
        .executableTarget(
            name: "ask", dependencies: [.product(name: "Zerostack", package: "swift")])
    ]
)
