#pragma once

/// Options and answers of calls that place data: scatter, replicate, rebalance, who_has. The order
/// of the fields is part of the interface: designated initializers follow it.

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tutti {

/// A worker by its rank, or all workers of a host by its name: `{1, 2}`, `{"node7"}`.
struct WorkerName {
  WorkerName(int worker_rank) : rank(worker_rank) {}
  WorkerName(std::string host_name) : host(std::move(host_name)) {}
  WorkerName(const char* host_name) : host(host_name) {}

  int rank = -1;
  std::string host;  ///< empty: the rank counts
};

/// For scatter(): `client.scatter({.workers = {1, 2}}, values)`.
struct ScatterOptions {
  /// Who gets it; all workers when empty.
  std::vector<WorkerName> workers = {};
  /// The same contents, scattered again to the same workers while a future of them lives, give that
  /// future and are not sent again.
  bool hash = true;
};

/// A switch that has to be written: `{.broadcast = true}`.
struct Switch {
  Switch(bool is_on) : on(is_on) {}
  bool on;
};

/// For scatter(): `client.scatter({.broadcast = true}, value)` keeps a sequence or map whole and
/// puts a copy on every rank, or on those that are named. With `false` it is kept whole, too, on
/// one worker.
struct BroadcastOptions {
  Switch broadcast;
  /// Who gets a copy; every rank when empty.
  std::vector<WorkerName> workers = {};
  /// As for ScatterOptions.
  bool hash = true;
};

/// For replicate(): `client.replicate({.n = 2}, futures)`.
struct ReplicateOptions {
  /// How many of the workers shall have it, those that have it already among them; all when empty.
  std::optional<std::size_t> n = {};
  /// Who may get copies; all workers when empty.
  std::vector<WorkerName> workers = {};
};

/// For publish(): `client.publish({.override = true}, "winds", future)`.
struct PublishOptions {
  /// Takes the place of what has the name already.
  bool override = false;
};

/// For rebalance().
struct RebalanceOptions {
  /// Among whom the data is evened out; all workers when empty.
  std::vector<WorkerName> workers = {};
};

/// Something that is held: a value, or a stretch of the results of a map.
struct HeldData {
  std::uint64_t id = 0;   ///< as Future::id() gives it
  std::size_t begin = 0;  ///< elements [begin, begin + count) of a map
  std::size_t count = 1;
  std::uint64_t bytes = 0;  ///< of one copy
  std::vector<int> ranks;   ///< who has a copy, in ascending order

  bool operator==(const HeldData&) const = default;
};

/// "7 [0, 100): 800 bytes on 1, 2"
std::ostream& operator<<(std::ostream& out, const HeldData& held);

}  // namespace tutti
