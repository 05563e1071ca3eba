// The last good versions of rule and list files.
#include <utility>

#include "store/store_impl.h"

namespace tocsin::store {

Status Transaction::keep_file(std::string_view path, std::string_view text) {
  return impl_->attempt<void>([&](Database& database) {
    Query query(database,
                "INSERT INTO rule_file VALUES (?, ?) ON CONFLICT DO UPDATE SET text = "
                "excluded.text");
    query.bind_blob(path).bind_blob(text);
    return query.run();
  });
}

Status Transaction::drop_file(const std::string& path) {
  return impl_->attempt<void>([&](Database& database) {
    Query query(database, "DELETE FROM rule_file WHERE path = ?");
    query.bind_blob(path);
    return query.run();
  });
}

Result<std::map<std::string, std::string>> Store::kept_files() {
  std::map<std::string, std::string> files;
  const Status status = impl_->read(impl_->people, [&](Database& database) -> Status {
    Query query(database, "SELECT path, text FROM rule_file");
    while (query.next()) files.emplace(query.bytes(0), query.bytes(1));
    return query.status();
  });
  if (!status) return tl::unexpected(status.error());
  return files;
}

}  // namespace tocsin::store
