/// A C face over Debian's simdjson, so that C++ interoperability does not spread to the importers.
///
/// simdjson's first stage does what vector instructions do best: it validates UTF-8, tells inside from outside of strings, and
/// lists the structural characters. The second stage here is our own and differs from simdjson's DOM in what it keeps: not
/// converted values but *positions in the source text*. So the text of a number survives exactly (`1.10`, thirty digits,
/// `1e400000`), `\u0000` or a lone surrogate fails nobody who does not read that very string, no padded copy of the input is
/// needed, and a subtree is skipped in one step.
#ifndef WEIR_CSIMDJSON_H
#define WEIR_CSIMDJSON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// What a node is. Keys are nodes of kind string in front of their value.
enum csj_kind {
  CSJ_NULL = 0,
  CSJ_FALSE = 1,
  CSJ_TRUE = 2,
  CSJ_NUMBER = 3,
  CSJ_STRING = 4,
  CSJ_ARRAY = 5,
  CSJ_OBJECT = 6,
};

/// Facts about a node that were learned while it was validated.
enum csj_flag {
  /// A string that contains at least one backslash escape.
  CSJ_ESCAPED = 1,
  /// A string that contains the escape of U+0000.
  CSJ_NUL = 2,
  /// A string that contains the escape of a surrogate without its partner.
  CSJ_LONE_SURROGATE = 4,
  /// A number without fraction and exponent.
  CSJ_INTEGER = 8,
};

/// One value or key of a document, in document order.
typedef struct csj_node {
  /// Byte offset of the first byte; of a string: the first byte after the opening quote.
  uint32_t start;
  /// Byte offset after the last byte; of a string: of the closing quote.
  uint32_t end;
  /// Index of the first node after this value and everything in it.
  uint32_t next;
  /// One of `csj_kind`.
  uint8_t kind;
  /// Of `csj_flag`; a container carries the flags NUL and LONE_SURROGATE of everything in it.
  uint8_t flags;
  /// Nesting level: 0 for the root.
  uint16_t depth;
} csj_node;

enum csj_status {
  CSJ_OK = 0,
  /// Not a JSON document.
  CSJ_INVALID = 1,
  /// Nested deeper than the bound.
  CSJ_TOO_DEEP = 2,
  /// Longer than 4 GiB minus 64, which offsets of 32 bits cannot hold.
  CSJ_TOO_LARGE = 3,
  CSJ_NO_MEMORY = 4,
};

/// Buffers that are used again from document to document. Not safe for use by two threads at once.
typedef struct csj_parser csj_parser;

/// Returns NULL if memory is short.
csj_parser *csj_parser_create(void);
void csj_parser_destroy(csj_parser *parser);

/// Parses and fully validates one document. `bytes` needs no padding. On CSJ_OK `*nodes` points to `*count` nodes, the root
/// first, valid until the parser's next use. `depth_max` bounds the nesting of containers (at most 65535).
enum csj_status csj_parse(csj_parser *parser, const uint8_t *bytes, size_t length, uint32_t depth_max,
                          const csj_node **nodes, size_t *count);

/// Frees buffers that were sized for documents longer than `length` bytes.
void csj_parser_shrink(csj_parser *parser, size_t length);

#ifdef __cplusplus
}
#endif

#endif
