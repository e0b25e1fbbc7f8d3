internal import NIOCore

extension FastCGIRequest {
    /// What is held of a request's body while the application does not want it.
    ///
    /// Held bytes are copied together: a slice would keep the whole read buffer it lies in.
    final class Input {
        private(set) var isPaused = false
        private(set) var isFull = false
        private var holdsEnd = false
        /// Between resuming and the delivery of what was held, too, nothing may overtake it.
        private var awaitsDelivery = false
        private var held: ByteBuffer?

        var mustHold: Bool { self.isPaused || self.awaitsDelivery }

        var heldBytes: Int { self.held?.readableBytes ?? 0 }

        func pause() {
            self.isPaused = true
        }

        /// True when there is something to deliver, and no delivery on its way.
        func resume() -> Bool {
            self.isPaused = false
            guard !self.awaitsDelivery, self.held != nil || self.holdsEnd else { return false }
            self.awaitsDelivery = true
            return true
        }

        /// Keeps `body` where it must be kept; false when it is to be delivered.
        func hold(_ body: ByteBuffer) -> Bool {
            guard self.mustHold else { return false }
            var gathered = self.held ?? ByteBuffer()
            self.held = nil
            gathered.writeImmutableBuffer(body)
            self.held = gathered
            return true
        }

        func holdEnd() {
            self.holdsEnd = true
        }

        func takeHeld() -> (body: ByteBuffer?, isEnded: Bool) {
            let taken = (self.held, self.holdsEnd)
            self.discard()
            return taken
        }

        func discard() {
            self.held = nil
            self.holdsEnd = false
            self.awaitsDelivery = false
        }

        /// Whether the limit has just been reached, or there is room again: ``isFull`` has changed.
        func updateFullness(limit: Int) -> Bool {
            let isFull = self.heldBytes > 0 && self.heldBytes >= limit
            defer { self.isFull = isFull }
            return isFull != self.isFull
        }
    }
}
