#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <zmq.h>

// libzmq itself needs no wrapping: everything used of it is a plain function or an integer constant.

// zmq.h declares this option among the draft ones, although the stable library takes it (options.cpp: not guarded).
#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif

// prctl is variadic, which Swift cannot call. It names the calling thread; the kernel keeps 15 characters.
static inline void weir_name_current_thread(const char *name) {
    prctl(PR_SET_NAME, name, 0, 0, 0);
}
