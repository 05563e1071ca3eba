// Lists: what `%name%` placeholders stand for. A list file `<name>.txt` has one value a line;
// blank lines and lines that begin with `#` are ignored, other white space at both ends is cut.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "sigma/file.h"

namespace tocsin::sigma {

class Lists {
 public:
  // Adds or replaces a list.
  void set(std::string name, std::vector<std::string> values);
  // Lists in `other` replace those of the same name here.
  void merge(const Lists& other);
  // nullptr when there is no list of that name (names are case-sensitive).
  const std::vector<std::string>* find(std::string_view name) const;
  std::vector<std::string_view> names() const;

  // Loads one file, or every *.txt of a folder. Problems go to `diagnostics`.
  void load(const std::string& path, Diagnostics& diagnostics,
            const Files& files = files_on_disk());

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> lists_;
};

}  // namespace tocsin::sigma
