internal import CProcess

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif
internal import NIOCore
internal import NIOPosix

/// The two ends of a pipe, which no program inherits by itself.
struct Pipe {
    let reading: Int32
    let writing: Int32

    init() throws(SystemCallFailure) {
        var ends: [Int32] = [-1, -1]
        let number = longwire_pipe(&ends)
        guard number == 0 else { throw SystemCallFailure(number: number) }
        (reading, writing) = (ends[0], ends[1])
    }

    /// How many bytes wait in the pipe of which this is an end; nil when it is none.
    static func waiting(at descriptor: Int32) -> Int? {
        var count: Int32 = 0
        return ioctl(descriptor, UInt(FIONREAD), &count) == 0 ? Int(count) : nil
    }

    static func close(_ descriptor: Int32) {
        #if canImport(Glibc)
            _ = Glibc.close(descriptor)
        #elseif canImport(Musl)
            _ = Musl.close(descriptor)
        #else
            _ = Darwin.close(descriptor)
        #endif
    }
}

/// The kernel said no.
struct SystemCallFailure: Error, CustomStringConvertible {
    let number: Int32

    var description: String { String(cString: strerror(number)) }
}
