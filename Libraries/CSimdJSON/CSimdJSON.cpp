#include "CSimdJSON.h"

#include <simdjson.h>

#include <cstdlib>
#include <memory>
#include <new>

#include "TapeBuilder.hpp"

using simdjson::internal::dom_parser_implementation;

namespace {

struct Free {
  void operator()(void *memory) const { std::free(memory); }
};

/// Memory that is neither initialized nor moved when it grows: every parse writes it anew.
template <typename Element>
struct Scratch {
  std::unique_ptr<Element[], Free> elements;
  size_t capacity = 0;

  bool reserve(size_t count) {
    if (count <= capacity) return true;
    elements.reset(static_cast<Element *>(std::malloc(count * sizeof(Element))));
    capacity = elements ? count : 0;
    return elements != nullptr;
  }
  void release() {
    elements.reset();
    capacity = 0;
  }
};

}  // namespace

struct csj_parser {
  std::unique_ptr<dom_parser_implementation> stage1;
  Scratch<csj_node> nodes;
  Scratch<uint32_t> open;

  bool reserve(size_t length) {
    if (stage1 && stage1->capacity() >= length) return true;
    // Documents of a source differ a little in length; half as much again saves growing for each of them.
    const size_t capacity = length + length / 2 + 1024;
    const size_t bounded = capacity < simdjson::SIMDJSON_MAXSIZE_BYTES ? capacity : simdjson::SIMDJSON_MAXSIZE_BYTES;
    // The depth is simdjson's own bound for its second stage, which is not used here; 1 keeps its buffers small.
    if (!stage1) {
      return simdjson::get_active_implementation()->create_dom_parser_implementation(bounded, 1, stage1) ==
             simdjson::SUCCESS;
    }
    return stage1->set_capacity(bounded) == simdjson::SUCCESS;
  }
};

extern "C" {

csj_parser *csj_parser_create(void) { return new (std::nothrow) csj_parser(); }

void csj_parser_destroy(csj_parser *parser) { delete parser; }

csj_status csj_parse(csj_parser *parser, const uint8_t *bytes, size_t length, uint32_t depth_max,
                     const csj_node **nodes, size_t *count) {
  if (length > simdjson::SIMDJSON_MAXSIZE_BYTES - 64) return CSJ_TOO_LARGE;
  if (length == 0) return CSJ_INVALID;
  if (depth_max > UINT16_MAX) depth_max = UINT16_MAX;
  if (!parser->reserve(length)) {
    parser->stage1.reset();
    return CSJ_NO_MEMORY;
  }
  const simdjson::error_code error = parser->stage1->stage1(bytes, length, simdjson::stage1_mode::regular);
  if (error == simdjson::MEMALLOC || error == simdjson::CAPACITY) return CSJ_NO_MEMORY;
  if (error != simdjson::SUCCESS) return CSJ_INVALID;
  const size_t positions = parser->stage1->n_structural_indexes;
  if (!parser->nodes.reserve(positions + positions / 2) || !parser->open.reserve(depth_max)) return CSJ_NO_MEMORY;
  weir::TapeBuilder builder(bytes, length, parser->stage1->structural_indexes.get(), positions,
                            parser->nodes.elements.get(), parser->open.elements.get(), depth_max);
  const csj_status status = builder.build();
  *nodes = parser->nodes.elements.get();
  *count = builder.count();
  return status;
}

void csj_parser_shrink(csj_parser *parser, size_t length) {
  if (parser->stage1 && parser->stage1->capacity() > length * 2 + 1024) parser->stage1.reset();
  if (parser->nodes.capacity > length + length / 2 + 64) parser->nodes.release();
}

}  // extern "C"
