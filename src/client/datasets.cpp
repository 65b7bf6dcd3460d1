#include "client/datasets.hpp"

#include "tutti/detail/dataset.hpp"
#include "tutti/error.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

namespace tutti::client_module {

void Datasets::publish(const std::string& name, detail::Dataset dataset, bool replace) {
  if (name.empty())
    throw Error(ErrorCode::bad_argument, "publish() was given an empty name; name the data set");
  detail::Dataset old;  // let go of without the lock
  const std::lock_guard guard(mutex_);
  const auto [entry, is_new] = datasets_.try_emplace(name);
  if (!is_new && !replace) {
    throw Error(ErrorCode::bad_argument,
                fmt::format("the data set '{}' is published already, as {}; unpublish it first, or "
                            "publish with {{.override = true}}",
                            name, entry->second.type));
  }
  old = std::exchange(entry->second, std::move(dataset));
}

detail::Dataset Datasets::find(const std::string& name) const {
  const std::lock_guard guard(mutex_);
  if (const auto found = datasets_.find(name); found != datasets_.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [each, dataset] : datasets_) known.push_back("'" + each + "'");
  throw Error(ErrorCode::bad_argument,
              fmt::format("there is no data set '{}'; {}", name,
                          known.empty() ? "nothing is published"
                                        : fmt::format("published: {}", fmt::join(known, ", "))));
}

std::vector<std::string> Datasets::names() const {
  const std::lock_guard guard(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, dataset] : datasets_) names.push_back(name);
  return names;
}

bool Datasets::unpublish(const std::string& name) {
  decltype(datasets_)::node_type old;
  const std::lock_guard guard(mutex_);
  old = datasets_.extract(name);
  return !old.empty();
}

}  // namespace tutti::client_module

namespace tutti::detail {

void check_dataset(const std::string& name, const Dataset& dataset, const std::string& wanted) {
  if (dataset.type == wanted) return;
  throw Error(ErrorCode::bad_argument,
              fmt::format("the data set '{}' is {}, and get_dataset was asked for {}; ask for the "
                          "type that was published",
                          name, dataset.type, wanted));
}

}  // namespace tutti::detail
