// Validation of the escapes of one string: syntax, and what Postgres cannot store.
#include "TapeBuilder.hpp"

namespace weir {

/// The four hexadecimal digits at `digits`, or -1.
static int32_t hexadecimal(const uint8_t *digits) {
  int32_t value = 0;
  for (int index = 0; index < 4; index++) {
    const uint8_t digit = digits[index];
    const uint8_t letter = digit | 0x20;
    if (static_cast<uint8_t>(digit - '0') < 10) {
      value = value << 4 | (digit - '0');
    } else if (letter >= 'a' && letter <= 'f') {
      value = value << 4 | (letter - 'a' + 10);
    } else {
      return -1;
    }
  }
  return value;
}

bool TapeBuilder::escapes(csj_node *node) {
  const uint8_t *byte = bytes_ + node->start;
  const uint8_t *const end = bytes_ + node->end;
  // Set while the escape just read was a high surrogate, which a low one must follow at once.
  const uint8_t *partnerAt = nullptr;
  uint8_t flags = 0;
  while ((byte = static_cast<const uint8_t *>(std::memchr(byte, '\\', static_cast<size_t>(end - byte)))) != nullptr) {
    flags |= CSJ_ESCAPED;
    const uint8_t *const backslash = byte++;
    if (byte == end) return false;
    const uint8_t escape = *byte++;
    if (escape != 'u') {
      if (escape == 0 || std::strchr("\"\\/bfnrt", escape) == nullptr) return false;
      continue;
    }
    if (end - byte < 4) return false;
    const int32_t unit = hexadecimal(byte);
    if (unit < 0) return false;
    byte += 4;
    const bool partner = partnerAt == backslash;
    const bool low = unit >= 0xDC00 && unit <= 0xDFFF;
    if (partnerAt != nullptr && !(partner && low)) flags |= CSJ_LONE_SURROGATE;
    if (low && !partner) flags |= CSJ_LONE_SURROGATE;
    partnerAt = unit >= 0xD800 && unit <= 0xDBFF ? byte : nullptr;
    if (unit == 0) flags |= CSJ_NUL;
  }
  if (partnerAt != nullptr) flags |= CSJ_LONE_SURROGATE;
  node->flags |= flags;
  if (depth_ > 0) nodes_[open_[depth_ - 1]].flags |= flags & (CSJ_NUL | CSJ_LONE_SURROGATE);
  return true;
}

}  // namespace weir
