// What Tocsin raises about itself, as findings.
#pragma once

#include <memory>
#include <string>

#include "alert/occurrences.h"
#include "pipeline/findings.h"

namespace tocsin::pipeline {

// One firing of `rule`. Those about the same are one group; the same `unique` is the same firing.
Findings self_alert(std::shared_ptr<const Live> live, const alert::SelfRule& rule,
                    const std::string& about, const std::string& unique, const std::string& detail,
                    store::Milliseconds now);

}  // namespace tocsin::pipeline
