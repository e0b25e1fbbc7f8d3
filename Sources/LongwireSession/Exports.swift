@_exported public import struct LongwireProtocol.CloseCode
@_exported public import struct LongwireProtocol.ConfigurationError
@_exported public import struct LongwireProtocol.Message
@_exported public import struct LongwireProtocol.SessionConfiguration
@_exported public import struct LongwireProtocol.SessionEnding
@_exported public import struct LongwireProtocol.SessionIdentifier
@_exported public import enum LongwireProtocol.TransportKind
