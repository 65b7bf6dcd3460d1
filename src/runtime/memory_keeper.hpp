#pragma once

/// MemoryKeeper: keeps a rank within its memory. It sends values to disk that nobody uses and
/// brings them back for those that do, pauses the rank when that is not enough, and tells rank 0.
/// docs/user/memory.md says what users see of it.

#include "memory/io_thread.hpp"
#include "memory/policy.hpp"
#include "memory/spill_file.hpp"
#include "protocol/messages.hpp"
#include "runtime/loading.hpp"
#include "runtime/progress_engine.hpp"
#include "worker/store.hpp"

#include <tsl/robin_map.h>

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace tutti::runtime {

class Rank;

class MemoryKeeper {
 public:
  explicit MemoryKeeper(Rank& rank);
  ~MemoryKeeper() { stop(); }
  /// Waits for what the IO thread does now; nothing is loaded from then on. The caller does not
  /// hold the lock.
  void stop();

  // ---- under the lock

  /// Brings a value back for somebody elsewhere, as soon as there is room, and one at a time else.
  void load(worker::ValueKey key, OnLoaded on_loaded);
  /// Brings a value back into the store for a task of this rank, when there is room.
  void load_for_task(worker::ValueKey key, OnLoaded on_loaded);
  /// The store, or what runs, has changed.
  void after_change() {
    if (paused_ || !loads_.empty() || store_bytes() > quiet_bytes_) act();
  }
  /// Why a result of `bytes` bytes may not come into the store; empty when it may.
  std::string refusal(const std::string& function, std::uint64_t bytes) const;
  protocol::MemoryState state() const;
  /// Something is being read or written.
  bool busy() const { return leaving_ != 0 || loading_ != 0; }

  // ---- without the lock

  /// Looks at the process; called by the keeper thread a few times a second.
  void tick();

 private:
  struct Load {
    std::vector<OnLoaded> on_loaded;
    bool started = false;
  };

  std::uint64_t store_bytes() const;
  memory::Fill fill() const;
  void act();
  void spill();
  bool is_free(const detail::Value& value, const std::vector<const detail::Value*>& read) const;
  std::vector<const detail::Value*> values_read() const;
  void begin_write(worker::Store::Large& large);
  void on_written(worker::ValueKey key, const memory::SpilledPtr& spilled, detail::ValuePtr value,
                  std::vector<detail::ValuePtr>& dropped);
  void on_write_failed(worker::ValueKey key, const std::string& problem, bool is_general);
  void add_load(worker::ValueKey key, OnLoaded on_loaded, bool for_task);
  void start_serving();
  void start_loads();
  void start_load(worker::ValueKey key, Load& load);
  void end_load(worker::ValueKey key, Loaded loaded);
  bool nothing_goes_on() const;
  void decide_pause();
  void set_paused(bool paused);
  void measured(std::uint64_t private_bytes);
  void look_at_process(std::uint64_t private_bytes);
  void trim();
  void report();
  bool can_spill() const;

  Rank& rank_;
  worker::Store& store_;
  ProgressEngine& engine_;
  memory::Levels levels_;
  std::uint64_t limit_bytes_ = 0;
  /// What the process had at the start: program, MPI, libraries. It does not count.
  std::uint64_t baseline_bytes_ = 0;
  std::uint64_t private_bytes_ = 0;  ///< as measured last
  std::uint64_t quiet_bytes_ = 0;    ///< with no more values than that there is nothing to do
  /// Of the process beyond the baseline: as measured last, less what has left memory since.
  std::uint64_t process_bytes_ = 0;
  std::uint64_t measured_store_bytes_ = 0;  ///< what the store had then
  std::uint64_t leaving_bytes_ = 0;
  std::uint64_t loading_bytes_ = 0;
  std::size_t leaving_ = 0;  ///< values that are being written
  std::size_t loading_ = 0;  ///< values that are being read
  tsl::robin_map<worker::ValueKey, Load, worker::ValueKeyHash> loads_;
  std::deque<worker::ValueKey> waiting_;  ///< loads for tasks that are not started
  std::deque<worker::ValueKey> serving_;  ///< the same for others
  Clock::time_point search_again_;        ///< there was not enough to spill
  bool may_spill_ = false;
  std::string spill_problem_;  ///< why nothing more can be written; empty when it can
  Clock::time_point write_again_;
  bool paused_ = false;
  Clock::time_point paused_since_;
  protocol::MemoryState told_;
  bool has_told_ = false;
  Clock::time_point trim_again_;
  std::chrono::milliseconds trim_pause_;
  bool trimming_ = false;
  memory::IoThread io_;
  memory::SpillFile file_;
};

}  // namespace tutti::runtime
