public import FastCGI
internal import HTTPTypes
internal import NIOCore

extension Mount {
    /// Serves this mount over FastCGI; paths that are not below the mount are answered 404.
    public func fastCGIServer(configuration: FastCGIConfiguration = FastCGIConfiguration()) -> FastCGIServer {
        FastCGIServer(configuration: configuration, logger: logger) { request, head, parameters in
            var facts = ExchangeFacts(
                isLoopbackTCP: request.connection.isLoopbackTCP, remoteAddress: parameters["REMOTE_ADDR"],
                principal: parameters["REMOTE_USER"].flatMap { $0.isEmpty ? nil : $0 },
                variables: {
                    var variables: ServerVariables = []
                    variables.reserveCapacity(ProgramEnvironment.serverVariables.count)
                    for name in ProgramEnvironment.serverVariables {
                        if let value = parameters[name], !value.isEmpty { variables.append((name, value)) }
                    }
                    return variables
                })
            if parameters["SSL_CLIENT_VERIFY"] == "SUCCESS" {
                facts.clientCertificate = parameters["SSL_CLIENT_S_DN"].flatMap { $0.isEmpty ? nil : $0 }
            }
            if !self.serve(head, request, facts: facts) { self.answerElsewhere(request) }
            return nil
        }
    }

    func answerElsewhere(_ exchange: any HTTPExchange) {
        Problem(
            status: .notFound, title: "Not here", detail: "Longwire is mounted at \(configuration.path)."
        ).answer(exchange)
    }
}
