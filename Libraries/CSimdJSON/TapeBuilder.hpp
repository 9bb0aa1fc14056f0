// The second stage: from structural positions to validated nodes.
#ifndef WEIR_TAPE_BUILDER_HPP
#define WEIR_TAPE_BUILDER_HPP

#include <cstring>

#include "CSimdJSON.h"

namespace weir {

/// Walks the structural positions of one document and writes its nodes. Every value and every key begins at a structural
/// position, so `nodes` needs room for as many nodes as there are positions, and no write is checked again.
class TapeBuilder {
 public:
  TapeBuilder(const uint8_t *bytes, size_t length, const uint32_t *positions, size_t count, csj_node *nodes,
              uint32_t *open, uint32_t depth_max)
      : bytes_(bytes), length_(length), position_(positions), end_(positions + count), nodes_(nodes), open_(open),
        depth_max_(depth_max), escapes_(std::memchr(bytes, '\\', length) != nullptr) {}

  csj_status build();
  size_t count() const { return count_; }

 private:
  /// Offset after the last byte of the scalar that begins at the current position: white space in front of the next structural
  /// position belongs to neither.
  uint32_t scalarEnd() const {
    size_t end = position_ + 1 < end_ ? position_[1] : length_;
    while (isSpace(bytes_[end - 1])) end--;
    return static_cast<uint32_t>(end);
  }
  static bool isSpace(uint8_t byte) { return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t'; }

  csj_node *append(csj_kind kind, uint32_t start, uint32_t end) {
    csj_node *node = nodes_ + count_++;
    *node = {start, end, static_cast<uint32_t>(count_), static_cast<uint8_t>(kind), 0, static_cast<uint16_t>(depth_)};
    return node;
  }

  bool key();
  bool scalar();
  bool number(uint32_t start, uint32_t end);
  bool literal(const char *text, uint32_t length, csj_kind kind);
  bool escapes(csj_node *node);
  csj_status container(csj_kind kind, bool &empty);
  void close();

  const uint8_t *bytes_;
  size_t length_;
  const uint32_t *position_;
  const uint32_t *end_;
  csj_node *nodes_;
  uint32_t *open_;
  uint32_t depth_max_;
  bool escapes_;
  size_t count_ = 0;
  uint32_t depth_ = 0;
};

/// One loop for the whole document. A turn reads one value; what follows a value is decided by the innermost open container.
inline csj_status TapeBuilder::build() {
  if (position_ == end_) return CSJ_INVALID;
  while (true) {
    bool empty = true;
    const uint8_t first = bytes_[*position_];
    if (first == '{' || first == '[') {
      const csj_status status = container(first == '{' ? CSJ_OBJECT : CSJ_ARRAY, empty);
      if (status != CSJ_OK) return status;
    } else if (!scalar()) {
      return CSJ_INVALID;
    }
    if (empty) {
      // A value has ended. Close what ends with it; stop at a comma, after which another value begins.
      while (true) {
        position_++;
        if (depth_ == 0) return position_ == end_ ? CSJ_OK : CSJ_INVALID;
        if (position_ == end_) return CSJ_INVALID;
        const uint8_t separator = bytes_[*position_];
        const bool object = nodes_[open_[depth_ - 1]].kind == CSJ_OBJECT;
        if (separator == ',') {
          if (++position_ == end_) return CSJ_INVALID;
          if (object && !key()) return CSJ_INVALID;
          break;
        }
        if (separator != (object ? '}' : ']')) return CSJ_INVALID;
        close();
      }
    }
  }
}

/// Opens a container, reads the first key of an object, and closes it at once if it is empty.
inline csj_status TapeBuilder::container(csj_kind kind, bool &empty) {
  if (depth_ == depth_max_) return CSJ_TOO_DEEP;
  append(kind, *position_, 0);
  open_[depth_++] = static_cast<uint32_t>(count_ - 1);
  if (++position_ == end_) return CSJ_INVALID;
  empty = bytes_[*position_] == (kind == CSJ_OBJECT ? '}' : ']');
  if (empty) {
    close();
    return CSJ_OK;
  }
  if (kind == CSJ_OBJECT && !key()) return CSJ_INVALID;
  return CSJ_OK;
}

/// The closing bracket of the innermost container stands at the current position.
inline void TapeBuilder::close() {
  csj_node *node = nodes_ + open_[--depth_];
  node->end = *position_ + 1;
  node->next = static_cast<uint32_t>(count_);
  if (depth_ > 0) nodes_[open_[depth_ - 1]].flags |= node->flags & (CSJ_NUL | CSJ_LONE_SURROGATE);
}

/// A key with its colon; the position afterwards is that of the value.
inline bool TapeBuilder::key() {
  const uint32_t start = *position_;
  if (bytes_[start] != '"') return false;
  const uint32_t end = scalarEnd();
  if (end < start + 2 || bytes_[end - 1] != '"') return false;
  csj_node *key = append(CSJ_STRING, start + 1, end - 1);
  if (escapes_ && !escapes(key)) return false;
  if (++position_ == end_ || bytes_[*position_] != ':') return false;
  return ++position_ != end_;
}

inline bool TapeBuilder::scalar() {
  const uint32_t start = *position_;
  switch (bytes_[start]) {
    case '"': {
      const uint32_t end = scalarEnd();
      if (end < start + 2 || bytes_[end - 1] != '"') return false;
      csj_node *node = append(CSJ_STRING, start + 1, end - 1);
      return !escapes_ || escapes(node);
    }
    case 't': return literal("true", 4, CSJ_TRUE);
    case 'f': return literal("false", 5, CSJ_FALSE);
    case 'n': return literal("null", 4, CSJ_NULL);
    default: return number(start, scalarEnd());
  }
}

inline bool TapeBuilder::literal(const char *text, uint32_t length, csj_kind kind) {
  const uint32_t start = *position_;
  if (scalarEnd() != start + length || std::memcmp(bytes_ + start, text, length) != 0) return false;
  append(kind, start, start + length);
  return true;
}

/// RFC 8259 section 6, over exactly the bytes of the scalar: anything left over is an error.
inline bool TapeBuilder::number(uint32_t start, uint32_t end) {
  const uint8_t *byte = bytes_ + start;
  const uint8_t *const last = bytes_ + end;
  const auto digits = [&] {
    const uint8_t *first = byte;
    while (byte != last && static_cast<uint8_t>(*byte - '0') < 10) byte++;
    return byte - first;
  };
  if (byte != last && *byte == '-') byte++;
  if (byte != last && *byte == '0') {
    byte++;
  } else if (digits() == 0) {
    return false;
  }
  bool integer = true;
  if (byte != last && *byte == '.') {
    integer = false;
    byte++;
    if (digits() == 0) return false;
  }
  if (byte != last && (*byte | 0x20) == 'e') {
    integer = false;
    byte++;
    if (byte != last && (*byte == '+' || *byte == '-')) byte++;
    if (digits() == 0) return false;
  }
  if (byte != last) return false;
  csj_node *node = append(CSJ_NUMBER, start, end);
  if (integer) node->flags = CSJ_INTEGER;
  return true;
}

}  // namespace weir

#endif
