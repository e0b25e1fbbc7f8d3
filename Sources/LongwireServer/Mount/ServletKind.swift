internal import NIOCore

/// A servlet in one of its two forms.
///
/// In memory that all its sessions share.
public indirect enum ServletKind: Sendable {
    /// Asynchronous code, a task a session.
    case task(any Servlet)
    /// Calls on the event loop.
    case inline(any InlineServlet)

    var summary: String {
        switch self {
        case .task(let servlet): servlet.summary
        case .inline(let servlet): servlet.summary
        }
    }

    func accept(_ request: SessionRequest) -> Acceptance {
        switch self {
        case .task(let servlet): servlet.accept(request)
        case .inline(let servlet): servlet.accept(request)
        }
    }

    /// What it shows to browsers, if anything.
    var page: ServletPage? {
        switch self {
        case .task(let servlet): servlet.page
        case .inline(let servlet): servlet.page
        }
    }

    /// How long its tasks may outlive their sessions.
    var endTime: TimeAmount {
        switch self {
        case .task(let servlet): servlet.endTime
        case .inline: .zero
        }
    }
}
