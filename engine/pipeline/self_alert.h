// Alerts that Tocsin raises about itself, as findings of the source `tocsin`.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "alert/occurrences.h"
#include "pipeline/findings.h"

namespace tocsin::pipeline {

struct SelfAlert {
  const alert::SelfRule& rule;
  std::string about;     // alerts with the same are one group
  std::string moment;    // two alerts with the same rule, about and moment are one
  std::string detail;    // for people
  std::string not_to{};  // a receiver that is not notified
};

Findings findings_of(const SelfAlert& alert, std::shared_ptr<const Live> live,
                     store::Milliseconds now);

}  // namespace tocsin::pipeline
