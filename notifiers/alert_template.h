// A user's template for the body of a webhook, in the language of CTemplate: `{{NAME}}` is a text
// of the alert, `{{#SECTION}}…{{/SECTION}}` is there once for every tag, reference or matched
// field, or when something is so. README.md lists the names.
//
// Texts are escaped for the content type, so that what an event says stays inside the string or the
// element it was put into. ALERT_JSON and EVENT_JSON are JSON as it is, in a body of JSON only.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "deliver/notifier.h"

namespace tocsin::notifiers {

class AlertTemplate {
 public:
  // An error says in which line what is wrong. `content_type` decides how texts are escaped.
  static Result<std::shared_ptr<const AlertTemplate>> parse(std::string_view text,
                                                            std::string_view content_type);
  virtual ~AlertTemplate() = default;

  // Thread-safe. The same bytes for the same item.
  virtual std::string render(const deliver::Item& item) const = 0;
};

}  // namespace tocsin::notifiers
