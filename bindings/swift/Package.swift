// swift-tools-version: 6.0
import Foundation
import PackageDescription

// Apple's platforms take the library from an XCFramework, which `xcframework.sh` makes. Elsewhere,
// and if there is none, `build.sh` makes a static library and a pkg-config file that names it.
let framework = "ZerostackFFI.xcframework"
let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
let hasFramework = FileManager.default.fileExists(
    atPath: folder.appendingPathComponent(framework).path)

let package = Package(
    name: "zerostack",
    platforms: [.macOS(.v13), .iOS(.v16), .tvOS(.v16), .watchOS(.v9), .visionOS(.v1)],
    products: [.library(name: "Zerostack", targets: ["Zerostack"])],
    targets: [
        hasFramework
            ? .binaryTarget(name: "ZerostackFFI", path: framework)
            : .systemLibrary(name: "ZerostackFFI", pkgConfig: "zerostack-uniffi"),
        .target(name: "ZerostackGenerated", dependencies: ["ZerostackFFI"]),
        .target(name: "Zerostack", dependencies: ["ZerostackGenerated"]),
        .testTarget(name: "ZerostackTests", dependencies: ["Zerostack"]),
    ]
)
