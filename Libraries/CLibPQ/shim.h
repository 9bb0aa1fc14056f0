// The face of libpq that Swift sees: Debian's header, the gates of newer versions, and what a thread that waits for libpq needs.
#ifndef WEIR_CLIBPQ_SHIM_H
#define WEIR_CLIBPQ_SHIM_H

#include <libpq-fe.h>
#include <postgres_ext.h>

// Pipeline mode came with libpq 14; without it this module cannot work.
#ifndef LIBPQ_HAS_PIPELINING
#error "libpq 14 or later is needed (Debian: libpq-dev)"
#endif

// Swift's module of the C library leaves these two out.
#include <sys/eventfd.h>
#include <sys/prctl.h>

static inline int weir_eventfd(void) {
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

// Variadic, so that Swift cannot call it itself. A name that is refused does not matter.
static inline void weir_name_thread(const char *name) {
    (void)prctl(PR_SET_NAME, name, 0, 0, 0);
}

// A function-like or character macro does not cross into Swift, so the error fields that are read are named here.
// https://www.postgresql.org/docs/15/protocol-error-fields.html
enum weir_pq_field {
    WEIR_PQ_FIELD_SEVERITY = PG_DIAG_SEVERITY_NONLOCALIZED,
    WEIR_PQ_FIELD_SQLSTATE = PG_DIAG_SQLSTATE,
    WEIR_PQ_FIELD_MESSAGE = PG_DIAG_MESSAGE_PRIMARY,
    WEIR_PQ_FIELD_DETAIL = PG_DIAG_MESSAGE_DETAIL,
    WEIR_PQ_FIELD_HINT = PG_DIAG_MESSAGE_HINT,
    WEIR_PQ_FIELD_SCHEMA = PG_DIAG_SCHEMA_NAME,
    WEIR_PQ_FIELD_TABLE = PG_DIAG_TABLE_NAME,
    WEIR_PQ_FIELD_COLUMN = PG_DIAG_COLUMN_NAME,
    WEIR_PQ_FIELD_CONSTRAINT = PG_DIAG_CONSTRAINT_NAME
};

// libpq 17 appends a Sync without a system call of its own; libpq 15's PQpipelineSync flushes as well.
static inline int weir_pq_send_pipeline_sync(PGconn *connection) {
#ifdef LIBPQ_HAS_SEND_PIPELINE_SYNC
    return PQsendPipelineSync(connection);
#else
    return PQpipelineSync(connection);
#endif
}

#endif
