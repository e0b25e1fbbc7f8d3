extension ExecServlet {
    /// What it is, in a few words; which program it is, is nobody's business.
    public var summary: String { "a program of its own for each session" }
}

extension ByteServiceServlet {
    /// What it is, in a few words; where it is, is nobody's business.
    public var summary: String { "joined to a service that speaks bytes" }
}
