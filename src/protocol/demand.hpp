#pragma once

/// Demand: what a task needs beside its inputs. Resources: what a worker has for it.

#include "tutti/bytes.hpp"

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tutti::protocol {

/// The name of the resource whose units are told apart: each is one device.
inline constexpr const char* device_resource = "gpu";

struct Demand {
  std::uint32_t cores = 1;  ///< slots of the worker
  std::map<std::string, double> resources =
      {};                                  ///< of the worker, more than 0, while the task runs
  std::vector<std::int32_t> workers = {};  ///< who may run it, ascending; empty: everybody
  bool others_too = false;                 ///< when none of those is free
  std::uint64_t result_bytes = 0;          ///< expected; 0: as learnt

  bool is_none() const {
    return cores == 1 && resources.empty() && workers.empty() && result_bytes == 0;
  }
  auto operator<=>(const Demand&) const = default;
};

/// What a worker has. The devices have numbers, those of the resource `device_resource`.
struct Resources {
  std::map<std::string, double> amounts = {};
  std::vector<std::int32_t> devices = {};

  bool operator==(const Resources&) const = default;
};

/// Empty for no demand.
Bytes encode(const Demand& demand);
/// Throws Error (corrupt_data).
Demand decode_demand(std::span<const std::byte> bytes);
Bytes encode(const Resources& resources);
Resources decode_resources(std::span<const std::byte> bytes);

}  // namespace tutti::protocol
