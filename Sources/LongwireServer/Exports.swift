@_exported public import LongwireSession
