import Messaging
import Outbound
import Postgres
import Runtime

// What a process is connected to, read when metrics are printed.
extension PrometheusRegistry {
    /// Shows a pool of connections to Postgres.
    func show(_ pool: PostgresPool, connectionsMax: Int) {
        sampledGauges("weir_postgres_connections", "Connections to Postgres that are open.") {
            let statistics = pool.statistics
            return [
                PrometheusSample(
                    Double(statistics.connections - statistics.idle), labels: [("state", "in_use")]),
                PrometheusSample(Double(statistics.idle), labels: [("state", "idle")]),
            ]
        }
        sampledGauge("weir_postgres_connections_max", "Connections to Postgres that the pool may have.") {
            Double(connectionsMax)
        }
        sampledGauge("weir_postgres_waiters", "Callers that wait for a connection.") {
            Double(pool.statistics.waiters)
        }
        sampledCounter("weir_postgres_statements_total", "Statements executed.") {
            Double(pool.statistics.statementsExecuted)
        }
        sampledCounter("weir_postgres_round_trips_total", "Round trips to the server.") {
            Double(pool.statistics.roundTrips)
        }
        sampledCounter("weir_postgres_reconnects_total", "Connections made in place of a lost one.") {
            Double(pool.statistics.reconnects)
        }
    }

    /// Shows a client of the bus.
    func show(_ bus: BusClient) {
        sampledGauge("weir_bus_client_brokers", "Brokers that this process is connected to.") {
            Double(bus.statistics.connectedEndpoints)
        }
        sampledGauge("weir_bus_client_outbox", "Hints that wait to be sent to the bus.") {
            Double(bus.statistics.outboxWaiting)
        }
        sampledCounter("weir_bus_client_received_total", "Hints and commands received from the bus.") {
            Double(bus.statistics.received)
        }
        sampledCounter("weir_bus_client_dropped_total", "Hints lost before they reached the bus; they are said again.")
        {
            Double(bus.statistics.dropped)
        }
    }

    /// Shows a client of other people's servers.
    func show(_ client: OutboundClient) {
        sampledGauge("weir_outbound_connections", "Connections to other servers that are open.") {
            Double(client.statistics.connectionsOpen)
        }
        sampledGauge("weir_outbound_requests_queued", "HTTP requests that wait for a free connection.") {
            Double(client.statistics.requestsQueued)
        }
        sampledCounter("weir_outbound_connections_opened_total", "Connections to other servers opened.") {
            Double(client.statistics.connectionsOpened)
        }
        sampledCounter(
            "weir_outbound_addresses_refused_total", "Connections that the address guard did not let through."
        ) {
            Double(client.statistics.addressesRefused)
        }
        sampledCounter("weir_outbound_received_bytes_total", "Bytes of bodies received, as they travelled.") {
            Double(client.statistics.bytesReceived)
        }
    }
}
