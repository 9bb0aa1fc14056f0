import CZeroMQ

/// The kinds of socket that Weir uses.
package enum SocketKind: Sendable {
    case dealer, router, xpub, sub, rep, pair, push, pull

    var number: Int32 {
        switch self {
        case .dealer: ZMQ_DEALER
        case .router: ZMQ_ROUTER
        case .xpub: ZMQ_XPUB
        case .sub: ZMQ_SUB
        case .rep: ZMQ_REP
        case .pair: ZMQ_PAIR
        case .push: ZMQ_PUSH
        case .pull: ZMQ_PULL
        }
    }
}
