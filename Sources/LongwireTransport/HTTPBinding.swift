package import HTTPTypes

/// The names that the protocol uses in HTTP (Docs/protocol.md, "HTTP binding").
package enum HTTPBinding {
    /// The media type of bodies and responses made of frames.
    package static let mediaType = "application/vnd.longwire"
    /// The media type that may be used in its place.
    package static let plainMediaType = "application/octet-stream"
    /// The header with OPEN, base64url, in the GET of the transport `stream`.
    package static let openField = "Longwire-Open"
    /// The query item with the session's identifier.
    package static let sessionQuery = "session"

    /// Whether a body of this Content-Type is made of frames.
    package static func isFrames(_ contentType: String?) -> Bool {
        if contentType == mediaType { return true }
        guard let type = contentType?.split(separator: ";").first else { return false }
        let name = type.trimmedSpaces.lowercased()
        return name == mediaType || name == plainMediaType
    }

    /// The head of a response with a finite body of frames, which are for who knows its session; but for its length.
    package static let finiteResponse = HTTPResponse(
        status: .ok,
        headerFields: [
            .contentType: mediaType,
            .cacheControl: "no-store, no-transform",
        ])

    /// The same with the length of the body.
    package static func finiteResponse(length: Int) -> HTTPResponse {
        var response = finiteResponse
        response.headerFields[.contentLength] = String(length)
        return response
    }

    /// The head of every streamed response: no Content-Length, and every known request not to hold it back.
    ///
    /// - Parameter session: what the last field says; nil for none.
    package static func streamedResponse(session: String?) -> HTTPResponse {
        var response = streamed
        if let session { response.headerFields[.longwireSession] = session }
        return response
    }

    private static let streamed = HTTPResponse(
        status: .ok,
        headerFields: [
            .contentType: mediaType,
            .cacheControl: "no-store, no-transform",
            .vary: "Accept",
            .accelBuffering: "no",
            .incremental: "?1",
        ])
}

extension HTTPField.Name {
    // Every name is a token, so none of these is ever the fallback.
    private static func token(_ name: String) -> HTTPField.Name { HTTPField.Name(name) ?? .via }

    /// Asks nginx not to buffer the response.
    package static let accelBuffering = token("X-Accel-Buffering")
    /// Asks intermediaries to pass on what arrives as it arrives (RFC 10036).
    package static let incremental = token("Incremental")
    /// OPEN, base64url, in the GET of the transport `stream`.
    package static let longwireOpen = token(HTTPBinding.openField)
    /// The secret of a plain client's session, in its requests.
    package static let longwireToken = token("Longwire-Token")
    /// The number of a plain client's message, from 1.
    package static let longwireNumber = token("Longwire-Number")
    /// Where a client of Server-Sent Events left off.
    package static let lastEventID = token("Last-Event-ID")
    /// The identifier of the session, in responses.
    package static let longwireSession = token("Longwire-Session")
}

extension HTTPFields {
    /// The value of the first field of this name; where there are to be no others, the subscript's joining is in vain.
    package func first(_ name: HTTPField.Name) -> String? {
        for field in self where field.name == name { return field.value }
        return nil
    }
}

extension Substring {
    fileprivate var trimmedSpaces: Substring {
        var text = self
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}
