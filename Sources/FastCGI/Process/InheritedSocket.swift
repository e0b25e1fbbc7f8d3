internal import CFastCGI

/// The process contract of FastCGI (section 2.2): the listening socket is on descriptor 0.
///
/// The web server or its helper leaves it there; libfcgi decides whether that is so; nothing else of libfcgi's run time is called.
enum InheritedSocket {
    /// Whether descriptor 0 is a listening socket.
    ///
    /// libfcgi looks once a process and remembers.
    static var isPresent: Bool { FCGX_IsCGI() == 0 }
}
