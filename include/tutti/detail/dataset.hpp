#pragma once

/// What the named data sets of Client::publish() are: futures under a name.

#include "tutti/detail/core.hpp"
#include "tutti/future.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace tutti::detail {

/// What get_dataset<T>() gives, and between its future and what the core keeps.
template <class T>
struct DatasetForm {
  using Shared = Future<T>;
  static std::string name() { return "Future<" + type_name<T>() + ">"; }
  static Dataset pack(const Shared& future) {
    const Target target = target_of(future);
    (void)Core::of(*target.handle);
    return {future.handle(), target.index, name()};
  }
  static Shared unpack(Dataset dataset) { return Shared(std::move(dataset.handle), dataset.index); }
};
template <class T>
struct DatasetForm<Futures<T>> {
  using Shared = Futures<T>;
  static std::string name() { return "Futures<" + type_name<T>() + ">"; }
  /// A map without elements may have no handle.
  static Dataset pack(const Shared& futures) {
    if (futures.handle()) (void)Core::of(*futures.handle());
    return {futures.handle(), whole_group, name()};
  }
  static Shared unpack(Dataset dataset) { return Shared(std::move(dataset.handle)); }
};

/// Throws Error (bad_argument) unless the data set is what was asked for.
void check_dataset(const std::string& name, const Dataset& dataset, const std::string& wanted);

}  // namespace tutti::detail
