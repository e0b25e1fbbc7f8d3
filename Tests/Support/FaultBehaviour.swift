package import NIOCore

/// How an HTTP proxy treats the requests that pass it, for better or worse.
package struct FaultBehaviour: Sendable {
    /// A request goes on when it has come whole, with its length.
    package var buffersRequests = false
    /// A response goes on when it has come whole, with its length.
    package var buffersResponses = false
    /// A response goes on when so many bytes of its body have come, or all of it, and from then on as it comes.
    package var holdsResponseStart = 0
    /// It knows HTTP/1.0 alone, towards both sides: no chunks, a connection for each request.
    package var speaksHTTP10 = false
    /// What a request with a body of unknown length is answered with; nil: it is passed on.
    package var refusesUnknownLength: Int?
    /// Of one in so many requests a byte is changed; nil: of none.
    package var changesEvery: Int?
    /// A request that takes longer is cut; nil: none is.
    package var cutsAfter: TimeAmount?

    /// Passes everything on as it comes.
    package init() {}

    /// One that speaks HTTP/1.0; such a proxy can only refuse what has no length.
    package static var http10: FaultBehaviour {
        var behaviour = FaultBehaviour()
        behaviour.speaksHTTP10 = true
        behaviour.refusesUnknownLength = 411
        return behaviour
    }
}
