// YamlBuilder: parser events → documents. Independent of the YAML library that sends the events.
#pragma once

#include <string>
#include <vector>

#include "sigma/reporter.h"
#include "sigma/yaml_node.h"

namespace tocsin::sigma {

class YamlBuilder {
 public:
  // Where an event starts: byte offset, and line and column from 1.
  struct Mark {
    std::size_t offset = 0;
    std::uint32_t line = 0;
    std::uint32_t column = 0;
  };
  // Thrown by any event after which reading must not go on; already reported.
  struct Stop {};

  explicit YamlBuilder(Reporter& report) : report_(report), text_(report.text()) {}

  void document_start(Mark mark);
  // A plain scalar without text, or a plain null.
  void null(Mark mark);
  void scalar(Mark mark, const std::string& value);
  void collection_start(Mark mark, YamlNode::Kind kind);
  void collection_end();
  // Precondition: the text at `mark` is an anchor or an alias.
  void anchor(Mark mark);

  // The documents read. `failed`: the last one was not read to its end.
  std::vector<YamlDocument> finish(bool failed);

 private:
  struct Frame {
    YamlNode* node;
    bool has_key = false;  // of a map: the last entry waits for its value
  };

  void count_node(Mark mark);
  void refuse_properties(Mark mark);
  void add_key(Mark mark, YamlScalar key);
  // Where the next node goes; nullptr when it is a map's key.
  YamlNode* next_slot();
  YamlScalar read_null(Mark mark);
  Span measure(Mark mark, const std::string& value, YamlScalar::Style style);
  void check_duplicates(const YamlNode& map);
  [[noreturn]] void stop(DiagnosticCode code, Mark mark, std::string message);

  Reporter& report_;
  std::string_view text_;
  std::vector<YamlDocument> documents_;
  std::vector<Frame> open_;
  std::size_t node_count_ = 0;
};

}  // namespace tocsin::sigma
