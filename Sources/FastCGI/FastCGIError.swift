/// Why a listener could not be set up; the description says what to do about it.
public struct FastCGIError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of an error.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Base: String {
            case invalidAddress, addressInUse, pathTooLong, missingDirectory, notASocket, permissionDenied
            case unknownUser, notAListeningSocket, noInheritedSocket, systemError
        }

        private let base: Base

        private init(_ base: Base) { self.base = base }

        /// The name of the code.
        public var description: String { self.base.rawValue }

        /// The text is not an address to listen on.
        public static let invalidAddress = Code(.invalidAddress)
        /// Another process listens there.
        public static let addressInUse = Code(.addressInUse)
        /// The path of a unix socket is longer than the system allows (107 bytes).
        public static let pathTooLong = Code(.pathTooLong)
        /// The directory of a unix socket does not exist.
        public static let missingDirectory = Code(.missingDirectory)
        /// A file that is not a socket lies where the socket should go.
        public static let notASocket = Code(.notASocket)
        /// The system forbids it.
        public static let permissionDenied = Code(.permissionDenied)
        /// No such user or group.
        public static let unknownUser = Code(.unknownUser)
        /// The descriptor is not a listening stream socket.
        public static let notAListeningSocket = Code(.notAListeningSocket)
        /// The service manager passed no socket, or none of that name.
        public static let noInheritedSocket = Code(.noInheritedSocket)
        /// Anything else the system said.
        public static let systemError = Code(.systemError)
    }

    /// What went wrong, for programs.
    public var code: Code
    /// What went wrong and what to do, for people.
    public var message: String

    /// Creates an error.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { self.message }
}
