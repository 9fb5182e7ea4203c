// swift-tools-version: 6.2
//
// The house's rooms, floor by floor. A room imports only rooms on lower floors;
// `Tests/PackageGraphTests` reads this very file's graph and holds that.

import PackageDescription

let nio: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let http1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let toml: Target.Dependency = .product(name: "TOMLKit", package: "TOMLKit")
let sqlite: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let x509: Target.Dependency = .product(name: "X509", package: "swift-certificates")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let rsa: Target.Dependency = .product(name: "_CryptoExtras", package: "swift-crypto")

let swift6: [SwiftSetting] = [.swiftLanguageMode(.v6)]

let package = Package(
    name: "gatehouse",
    products: [
        .executable(name: "gatehouse", targets: ["gatehouse"]),
        .executable(name: "gatehouse-cloud", targets: ["gatehouse-cloud"]),
        .executable(name: "gatehouse-onboard", targets: ["gatehouse-onboard"]),
        .executable(name: "gatehouse-demo", targets: ["gatehouse-demo"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", "3.12.3"..<"5.0.0"),
    ],
    targets: [
        // Floor 1: shims over C libraries.
        .target(
            name: "CMbedTLS",
            linkerSettings: [.linkedLibrary("mbedtls"), .linkedLibrary("mbedx509"), .linkedLibrary("mbedcrypto")]),
        .target(name: "CDatagrams"),
        .target(name: "CThreads"),
        .target(name: "CGPIOD", linkerSettings: [.linkedLibrary("gpiod")]),
        .target(name: "CBluetooth"),
        .target(name: "CExpat", linkerSettings: [.linkedLibrary("expat")]),

        // Floor 2: codecs; values and bytes, no I/O.
        .target(name: "CBOR", swiftSettings: swift6),
        .target(name: "CoAPMessages", swiftSettings: swift6),
        .target(name: "Advertising", dependencies: ["CMbedTLS"], swiftSettings: swift6),
        .target(name: "JSONText", swiftSettings: swift6),
        .target(name: "QRCode", swiftSettings: swift6),
        .target(name: "Threads", dependencies: ["CThreads"], swiftSettings: swift6),

        // Floor 3: machinery.
        .target(name: "OneLoop", dependencies: [nio, nioPosix], swiftSettings: swift6),
        .target(name: "TLS", dependencies: ["CMbedTLS", nio], swiftSettings: swift6),
        .target(name: "FlashStore", dependencies: ["Threads"], swiftSettings: swift6),
        .target(name: "GPIO", dependencies: ["CGPIOD", "Threads"], swiftSettings: swift6),
        .target(
            name: "BluetoothLE", dependencies: ["CBluetooth", "Advertising", "JSONText", "Threads"],
            swiftSettings: swift6),
        .target(name: "Systemd", swiftSettings: swift6),
        .target(name: "LogOutput", dependencies: [log], swiftSettings: swift6),
        .target(name: "PrivateFiles", swiftSettings: swift6),
        .target(name: "OneM2MPrimitives", dependencies: ["JSONText", "CBOR"], swiftSettings: swift6),

        // Floor 4: transports.
        .target(name: "JOSE", dependencies: ["CMbedTLS", "TLS", "JSONText"], swiftSettings: swift6),
        .target(
            name: "CoAP", dependencies: ["CDatagrams", "CoAPMessages", "TLS", nio, nioPosix], swiftSettings: swift6),
        .target(name: "XMPP", dependencies: ["TLS", "CExpat", nio, nioPosix, log], swiftSettings: swift6),

        .target(
            name: "GATT", dependencies: ["BluetoothLE", "Advertising", "FlashStore", "OneLoop", "Threads", log],
            swiftSettings: swift6),
        .target(name: "BoardCheck", dependencies: ["GPIO"], swiftSettings: swift6),

        // Floor 5: the domain.
        .target(name: "Concentrator", dependencies: ["OneLoop"], swiftSettings: swift6),
        .target(name: "Access", dependencies: ["OneLoop", "FlashStore"], swiftSettings: swift6),
        .target(name: "Pairing", dependencies: ["OneLoop", "GPIO", "FlashStore", log], swiftSettings: swift6),
        .target(name: "OCFModel", dependencies: ["CBOR", "CoAPMessages", "TLS"], swiftSettings: swift6),
        .target(name: "ProvisioningModel", dependencies: ["XMPP", "TLS"], swiftSettings: swift6),
        .target(name: "CloudFile", dependencies: ["PrivateFiles", sqlite], swiftSettings: swift6),

        // Floor 6: drivers, doors, companions.
        .target(
            name: "GPIONodes", dependencies: ["Concentrator", "GPIO", "OneLoop", log], swiftSettings: swift6),
        .target(
            name: "BLENodes",
            dependencies: ["Concentrator", "BluetoothLE", "GATT", "Advertising", "OneLoop", "FlashStore", log],
            swiftSettings: swift6),
        .target(
            name: "OCFDoor",
            dependencies: [
                "OCFModel", "Concentrator", "FlashStore", "CBOR", "CoAP", "CoAPMessages", "TLS", "OneLoop",
                nio, nioPosix, log,
            ],
            swiftSettings: swift6),
        .target(
            name: "XMPPDoor",
            dependencies: [
                "XMPP", "ProvisioningModel", "Concentrator", "Access", "Pairing", "FlashStore", "TLS", "Threads",
                "OneLoop",
                nio, log,
            ], swiftSettings: swift6),
        .target(
            name: "OneM2MDoor",
            dependencies: [
                "OneM2MPrimitives", "JOSE", "JSONText", "CBOR", "CoAP", "CoAPMessages", "TLS", "Concentrator",
                "FlashStore",
                "OneLoop", nio, nioPosix, http1, log,
            ],
            swiftSettings: swift6),
        .target(
            name: "OCFCloud",
            dependencies: [
                "OCFModel", "CBOR", "CoAP", "CoAPMessages", "TLS", "JSONText", "PrivateFiles", "CloudFile", nio,
                nioPosix, log, sqlite, x509, crypto, toml,
            ],
            swiftSettings: swift6),
        .target(
            name: "ProvisioningServer",
            dependencies: [
                "ProvisioningModel", "XMPP", "TLS", "OneLoop", "PrivateFiles", "CloudFile", nio, log, sqlite, x509,
                crypto, rsa,
            ],
            swiftSettings: swift6),
        .target(
            name: "Onboarding",
            dependencies: [
                "OCFModel", "CBOR", "CoAP", "CoAPMessages", "TLS", "JSONText", "PrivateFiles", nio, nioPosix,
            ],
            swiftSettings: swift6),

        // Floor 7: the house.
        .target(
            name: "Gateway",
            dependencies: [
                "OneLoop", "FlashStore", "JOSE", "JSONText", "Systemd", "LogOutput", "GPIO", "BoardCheck",
                "BluetoothLE",
                "Advertising",
                "TLS", "CoAP", "Concentrator", "Pairing",
                "OCFModel", "Access", "ProvisioningModel", "XMPP", "GATT", "GPIONodes", "BLENodes", "OCFDoor",
                "XMPPDoor", "OneM2MDoor",
                "OneM2MPrimitives", nio, nioPosix, http1,
                log,
                lifecycle, toml,
            ],
            swiftSettings: swift6),

        // Floor 8: commands.
        .executableTarget(
            name: "gatehouse",
            dependencies: [
                "Gateway", "BoardCheck", "BluetoothLE", "Advertising", "JSONText", "QRCode",
                arguments,
            ],
            swiftSettings: swift6),
        .executableTarget(
            name: "gatehouse-cloud",
            dependencies: [
                "OCFCloud", "OCFModel", "ProvisioningServer", "ProvisioningModel", "CBOR", "JSONText", "PrivateFiles",
                "Systemd", "LogOutput", "XMPP", "OneLoop", arguments,
                lifecycle,
                log,
            ],
            swiftSettings: swift6),
        .executableTarget(
            name: "gatehouse-onboard",
            dependencies: ["Onboarding", "OCFCloud", "OCFModel", "CBOR", "JSONText", "PrivateFiles", "TLS", arguments],
            swiftSettings: swift6),
        .executableTarget(
            name: "gatehouse-demo", dependencies: ["OCFCloud", "OCFModel", "CBOR", "JSONText", arguments],
            swiftSettings: swift6),

        // Tests mirror the rooms.
        .testTarget(name: "PackageGraphTests", swiftSettings: swift6),
        .testTarget(name: "CBORTests", dependencies: ["CBOR"], swiftSettings: swift6),
        .testTarget(name: "CoAPMessagesTests", dependencies: ["CoAPMessages"], swiftSettings: swift6),
        .testTarget(name: "JSONTextTests", dependencies: ["JSONText"], swiftSettings: swift6),
        .testTarget(
            name: "AdvertisingTests", dependencies: ["Advertising", "JSONText"], exclude: ["Vectors"],
            swiftSettings: swift6),
        .testTarget(
            name: "TLSTests", dependencies: ["TLS", "CMbedTLS", nio, nioPosix, nioEmbedded],
            exclude: ["Peers/anonymous_client.py"], swiftSettings: swift6),
        .testTarget(
            name: "JOSETests", dependencies: ["JOSE", "JSONText"], exclude: ["Vectors", "Peers/jose_peer.py"],
            swiftSettings: swift6),
        .target(name: "PowerCuts", dependencies: ["FlashStore"], path: "Tests/PowerCuts", swiftSettings: swift6),
        .testTarget(name: "FlashStoreTests", dependencies: ["FlashStore", "PowerCuts"], swiftSettings: swift6),
        .testTarget(name: "GPIOTests", dependencies: ["GPIO"], swiftSettings: swift6),
        .testTarget(name: "BoardCheckTests", dependencies: ["BoardCheck", "GPIO"], swiftSettings: swift6),
        .testTarget(
            name: "BluetoothLETests", dependencies: ["BluetoothLE", "Advertising", "JSONText"], swiftSettings: swift6),
        .target(
            name: "FakePeripherals", dependencies: ["GATT", "Advertising", "OneLoop"], path: "Tests/FakePeripherals",
            swiftSettings: swift6),
        .testTarget(
            name: "GATTTests",
            dependencies: ["GATT", "FakePeripherals", "BluetoothLE", "Advertising", "FlashStore", "OneLoop"],
            swiftSettings: swift6),
        .testTarget(name: "SystemdTests", dependencies: ["Systemd"], swiftSettings: swift6),
        .testTarget(name: "LogOutputTests", dependencies: ["LogOutput", log], swiftSettings: swift6),
        .testTarget(
            name: "CoAPTests", dependencies: ["CoAP", "CoAPMessages", "TLS", nio, nioPosix, nioEmbedded],
            exclude: ["Peers/aiocoap_client.py", "Peers/aiocoap_server.py"], swiftSettings: swift6),
        .testTarget(
            name: "XMPPTests", dependencies: ["XMPP", "TLS", nio, nioPosix, nioEmbedded, log], exclude: ["Peers"],
            swiftSettings: swift6),
        .testTarget(
            name: "ProvisioningModelTests", dependencies: ["ProvisioningModel", "XMPP"], exclude: ["Examples"],
            swiftSettings: swift6),
        .testTarget(name: "ConcentratorTests", dependencies: ["Concentrator", "OneLoop"], swiftSettings: swift6),
        .testTarget(
            name: "AccessTests", dependencies: ["Access", "OneLoop", "FlashStore", "PowerCuts"], swiftSettings: swift6),
        .testTarget(
            name: "PairingTests", dependencies: ["Pairing", "GPIO", "FlashStore", "OneLoop"], swiftSettings: swift6),
        .target(
            name: "OCFSchemas", dependencies: ["CBOR", "JSONText"], path: "Tests/OCFSchemas", exclude: ["Schemas"],
            swiftSettings: swift6),
        .testTarget(
            name: "OCFModelTests", dependencies: ["OCFModel", "OCFSchemas", "CBOR", "CoAPMessages", "TLS"],
            swiftSettings: swift6),
        .testTarget(
            name: "GPIONodesTests", dependencies: ["GPIONodes", "Concentrator", "GPIO", "OneLoop", log],
            swiftSettings: swift6),
        .testTarget(
            name: "BLENodesTests",
            dependencies: [
                "BLENodes", "GATT", "FakePeripherals", "BluetoothLE", "Advertising", "Concentrator", "FlashStore",
                "OneLoop",
                log,
            ],
            swiftSettings: swift6),
        .testTarget(
            name: "OCFDoorTests",
            dependencies: [
                "OCFDoor", "OCFModel", "OCFSchemas", "CBOR", "CoAP", "CoAPMessages", "Concentrator", "FlashStore",
                "OneLoop", "TLS", nio, nioPosix, log,
            ],
            exclude: ["Local/Peers/onboarding_tool.py"], swiftSettings: swift6),
        .testTarget(name: "QRCodeTests", dependencies: ["QRCode"], swiftSettings: swift6),
        .testTarget(
            name: "XMPPDoorTests",
            dependencies: [
                "XMPPDoor", "XMPP", "ProvisioningModel", "Concentrator", "Access", "Pairing", "GPIO", "FlashStore",
                "PowerCuts", "TLS", "OneLoop", nio,
            ],
            exclude: ["Schemas", "Examples"], swiftSettings: swift6),
        .testTarget(
            name: "OneM2MPrimitivesTests", dependencies: ["OneM2MPrimitives", "JSONText", "CBOR"], swiftSettings: swift6
        ),
        .testTarget(
            name: "OneM2MDoorTests",
            dependencies: [
                "OneM2MDoor", "OneM2MPrimitives", "JOSE", "JSONText", "CBOR", "CoAP", "CoAPMessages", "TLS",
                "GPIO", "GPIONodes", "Concentrator",
                "FlashStore", "OneLoop", nio, nioPosix, http1, log,
            ],
            swiftSettings: swift6),
        .testTarget(
            name: "OCFCloudTests",
            dependencies: [
                "OCFCloud", "gatehouse-cloud", "OCFModel", "CBOR", "CoAP", "CoAPMessages", "JSONText", "PrivateFiles",
                "TLS", nio, nioPosix, log, x509,
            ],
            exclude: ["Peers/ocf_device.py"], swiftSettings: swift6),
        .testTarget(
            name: "ProvisioningServerTests",
            dependencies: [
                "ProvisioningServer", "gatehouse-cloud", "ProvisioningModel", "XMPP", "OneLoop", "JSONText", nio, x509,
                crypto, rsa,
            ],
            swiftSettings: swift6),
        .testTarget(name: "PrivateFilesTests", dependencies: ["PrivateFiles"], swiftSettings: swift6),
        .testTarget(
            name: "OnboardingTests",
            dependencies: [
                "Onboarding", "OCFModel", "CBOR", "CoAP", "CoAPMessages", "TLS", "PrivateFiles", nio, nioPosix,
            ],
            swiftSettings: swift6),
        .testTarget(
            name: "GatewayTests",
            dependencies: [
                "Gateway", "FlashStore", "JOSE", "JSONText", "OneLoop", "OneM2MDoor", "OneM2MPrimitives",
                "ProvisioningModel", "XMPPDoor", http1, log,
            ],
            swiftSettings: swift6),
        .testTarget(
            name: "InteropTests",
            dependencies: ["gatehouse", "gatehouse-cloud", "gatehouse-onboard", "gatehouse-demo"],
            path: "Tests/Interop/InteropTests", swiftSettings: swift6),

        // Benchmarks; `make bench`.
        .target(name: "AllocationCount", path: "Benchmarks/AllocationCount"),
        .target(
            name: "Measuring", dependencies: ["AllocationCount"], path: "Benchmarks/Measuring", swiftSettings: swift6),
        .executableTarget(
            name: "AdvertBench",
            dependencies: [
                "Advertising", "BluetoothLE", "BLENodes", "Concentrator", "OneLoop", "Measuring", log,
            ],
            path: "Benchmarks/AdvertBench", swiftSettings: swift6),
        .executableTarget(
            name: "LatencyBench",
            dependencies: [
                "Advertising", "BluetoothLE", "BLENodes", "CoAP", "CoAPMessages", "Concentrator", "FlashStore", "GPIO",
                "OCFDoor", "OCFModel", "OneLoop", "Pairing", nio, nioPosix, log,
            ],
            path: "Benchmarks/LatencyBench", swiftSettings: swift6),
        .executableTarget(
            name: "CoAPBench",
            dependencies: ["CoAP", "CoAPMessages", "TLS", "AllocationCount", "Measuring", nio, nioPosix],
            path: "Benchmarks/CoAPBench", swiftSettings: swift6),
        .executableTarget(name: "DatagramLoad", path: "Benchmarks/DatagramLoad"),
        .executableTarget(
            name: "TLSBench", dependencies: ["TLS", "Measuring", nio, nioEmbedded], path: "Benchmarks/TLSBench",
            swiftSettings: swift6),
        .executableTarget(
            name: "XMPPBench",
            dependencies: ["XMPP", "TLS", "AllocationCount", "Measuring", nio, nioPosix, nioEmbedded, log],
            path: "Benchmarks/XMPPBench", swiftSettings: swift6),
        .executableTarget(
            name: "XMPPDoorBench", dependencies: ["XMPPDoor", "XMPP", "Concentrator", "Access", "OneLoop"],
            path: "Benchmarks/XMPPDoorBench", swiftSettings: swift6),
        .executableTarget(
            name: "TokenBench", dependencies: ["OneM2MDoor", "OneM2MPrimitives", "JOSE", "JSONText", "OneLoop", log],
            path: "Benchmarks/TokenBench", swiftSettings: swift6),
        .executableTarget(
            name: "OneM2MBench",
            dependencies: [
                "OneM2MDoor", "OneM2MPrimitives", "FlashStore", "OneLoop", "Measuring", nio, nioPosix, http1, log,
            ],
            path: "Benchmarks/OneM2MBench", swiftSettings: swift6),
        .executableTarget(
            name: "DecisionBench", dependencies: ["Access", "FlashStore", "OneLoop"],
            path: "Benchmarks/DecisionBench", swiftSettings: swift6),
        .executableTarget(
            name: "CloudBench",
            dependencies: ["OCFCloud", "OCFModel", "CBOR", "CoAP", "CoAPMessages", "TLS", nio, nioPosix, log],
            path: "Benchmarks/CloudBench", swiftSettings: swift6),
        .executableTarget(
            name: "ProvisioningBench",
            dependencies: ["ProvisioningServer", "ProvisioningModel", "XMPP", sqlite],
            path: "Benchmarks/ProvisioningBench", swiftSettings: swift6),
        .executableTarget(
            name: "FlashWear", dependencies: ["FlashStore"], path: "Benchmarks/FlashWear", swiftSettings: swift6),
    ]
)

// Fuzz targets have no main of their own and link only with the fuzzer's; `make fuzz` sets the variable.
if Context.environment["GATEHOUSE_FUZZ"] != nil {
    let fuzzed: [(name: String, rooms: [Target.Dependency])] = [
        ("CBORFuzz", ["CBOR"]), ("CoAPMessagesFuzz", ["CoAPMessages"]), ("FlashStoreFuzz", ["FlashStore"]),
        ("AdvertisingFuzz", ["Advertising", "BluetoothLE"]), ("DTLSFuzz", ["TLS", nio]),
        ("SecurityFuzz", ["OCFModel", "CBOR", "CoAPMessages"]), ("CertificateFuzz", ["OCFModel", "TLS"]),
        ("XMPPFuzz", ["XMPP", "TLS"]), ("XMPPDoorFuzz", ["XMPPDoor", "XMPP", "Concentrator"]),
        ("ProvisioningFuzz", ["ProvisioningModel", "Access", "XMPP"]),
        ("ATTFuzz", ["GATT"]), ("JOSEFuzz", ["JOSE", "JSONText"]),
        ("OneM2MFuzz", ["OneM2MDoor", "OneM2MPrimitives", "OneLoop", "CBOR", "JSONText", nio, log]),
        ("OneM2MBindingsFuzz", ["OneM2MDoor", "OneM2MPrimitives", "CoAPMessages", http1]),
    ]
    package.targets += fuzzed.map { fuzz in
        .executableTarget(
            name: fuzz.name, dependencies: fuzz.rooms, path: "Fuzz/\(fuzz.name)",
            swiftSettings: swift6 + [.unsafeFlags(["-parse-as-library"])])
    }
}
