internal import HTTPTypes
internal import Logging
internal import NIOCore

/// What the records of the peer do.
extension FastCGIChannelHandler {
    /// Handles all records of one read.
    func received(_ bytes: ByteBuffer) {
        var bytes = bytes
        while self.phase == .open {
            switch self.decoder.next(from: &bytes) {
            case .needsMore:
                return
            case .wrongVersion(let version):
                return self.violated(.wrongVersion(version))
            case .record(let header, let content):
                self.received(header, content)
            }
        }
    }

    /// Tells the requests that received something, then flushes once.
    func readCompleted() {
        if let request = self.machine.onlyPayload {
            request.readCompleted()
        } else {
            for request in self.machine.payloads { request.readCompleted() }
        }
        self.isInRead = false
        self.flushIfNeeded()
    }

    private func received(_ header: RecordHeader, _ content: ByteBuffer) {
        switch self.machine.received(header, content, now: { self.loop.eventLoop.now }) {
        case .body(let request, let content):
            request.received(content)
        case .endOfBody(let request):
            request.receivedEnd()
        case .ignore:
            break
        case .head(let id, let parameters):
            self.open(id, parameters)
        case .reject(let id, let status):
            self.server.logger.info("Request refused", metadata: ["status": "\(status.rawValue)"])
            self.hasWrittenReplies = true
            self.writeEnd(id, status: status)
            self.flush()
        case .refuse(let id, let request, let refusal):
            self.refuse(id, request, refusal)
        case .abort(let id, let request):
            self.hasWrittenReplies = true
            self.writeEnd(id, status: .requestComplete)
            request?.ended(.aborted)
            self.flush()
        case .getValues(let query):
            self.reply { ManagementValues.writeResult(to: query, configuration: self.server.configuration, into: &$0) }
        case .unknownType(let type):
            self.reply { RecordEncoder.writeUnknownType(type, into: &$0) }
        case .violation(let violation):
            self.violated(violation)
        }
    }

    /// Makes the head and asks the application for its handler.
    private func open(_ id: UInt16, _ buffer: ByteBuffer) {
        let configuration = self.server.configuration
        let parameters: FastCGIParameters
        let head: HTTPRequest
        do throws(Refusal) {
            parameters = try Self.parameters(buffer, limits: configuration.parameterLimits)
            head = try RequestHead.make(from: parameters, maximumHeaderFields: configuration.maximumHeaderFields)
        } catch {
            _ = self.machine.finish(id)
            return self.refuse(id, nil, error)
        }
        let request = FastCGIRequest(id: id, channelHandler: self)
        let handler = self.server.makeHandler(request, head, parameters)
        self.machine.attach(request, to: id)
        if let handler { request.handler = handler }
    }

    private static func parameters(
        _ buffer: ByteBuffer, limits: NameValuePairs.Limits
    ) throws(Refusal) -> FastCGIParameters {
        do throws(NameValuePairs.Failure) {
            return FastCGIParameters(buffer: buffer, pairs: try NameValuePairs.decode(buffer, limits: limits))
        } catch {
            throw Refusal(error, limits: limits)
        }
    }

    /// Answers a request in the application's stead; the machine has forgotten it already.
    private func refuse(_ id: UInt16, _ request: FastCGIRequest?, _ refusal: Refusal) {
        self.server.logger.info(
            "Request refused", metadata: ["status": "\(refusal.status)", "reason": "\(refusal.reason)"])
        self.hasWrittenReplies = true
        if request?.hasSentHead ?? false {
            self.writeEnd(id, status: .requestComplete)
        } else {
            self.writeRefusal(id, refusal)
        }
        request?.ended(.protocolError)
        self.flush()
    }

    private func violated(_ violation: ConnectionStateMachine<FastCGIRequest>.Violation) {
        self.server.logger.info("FastCGI connection closed", metadata: ["violation": "\(violation)"])
        let context = self.context
        self.connectionClosed(.protocolError)
        context?.close(promise: nil)
    }
}
