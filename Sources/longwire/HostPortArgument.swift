internal import ArgumentParser
internal import LongwireClient

/// A port, of this machine unless a host stands before it.
struct HostPortArgument: ExpressibleByArgument, CustomStringConvertible {
    private let place: DirectTCP

    init?(argument: String) {
        guard let place = DirectTCP(argument) else { return nil }
        self.place = place
    }

    var host: String? { place.host }
    var port: Int { place.port }
    var description: String { place.description }
}
