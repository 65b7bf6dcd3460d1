#include "runtime/memory_keeper.hpp"

#include "base/exception_text.hpp"
#include "base/log.hpp"
#include "memory/process_memory.hpp"
#include "runtime/rank.hpp"
#include "runtime/thread_setup.hpp"
#include "runtime/worker_driver.hpp"
#include "tutti/check.hpp"
#include "tutti/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tutti::runtime {
namespace {

using detail::Value;
using detail::ValuePtr;
using std::chrono::milliseconds;
using worker::Store;
using worker::ValueKey;

/// When too little could be spilled the values are looked at again after this time.
constexpr auto search_interval = milliseconds(10);
/// A disk that was full may have room again after this time.
constexpr auto write_interval = milliseconds(1000);
/// A rank that is paused for longer, and has nothing to spill, tells the user.
constexpr auto patience = milliseconds(1000);
constexpr auto trim_pause_min = milliseconds(20);
constexpr auto trim_pause_max = milliseconds(5000);

std::string megabytes(std::uint64_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

ValuePtr counted(const Value* value) {
  value->retain();
  return ValuePtr(const_cast<Value*>(value));
}

memory::Levels levels_of(const Options& options) {
  return {options.memory_target, options.memory_spill, options.memory_pause};
}

}  // namespace

MemoryKeeper::MemoryKeeper(Rank& rank)
    : rank_(rank),
      store_(rank.store()),
      engine_(rank.engine()),
      levels_(levels_of(rank.options())),
      limit_bytes_(rank.setup().memory_limit_bytes),
      baseline_bytes_(memory::private_bytes()),
      private_bytes_(baseline_bytes_),
      trim_pause_(trim_pause_min),
      io_([] { name_this_thread("tutti-io"); }),
      file_({.directory = rank.setup().local_directory,
             .rank = rank.rank(),
             .bytes_max = rank.options().spill_limit},
            [this](std::function<void()> work) { io_.post(std::move(work)); }) {
  const memory::Fill none{.limit = limit_bytes_};
  quiet_bytes_ =
      std::min(memory::level_bytes(none, levels_.target), memory::level_bytes(none, levels_.pause));
  if (!rank.options().spill) {
    spill_problem_ = "the option spill is off";
  } else if (levels_.target <= 0 && levels_.spill <= 0) {
    spill_problem_ = "the options memory_target and memory_spill are 0";
  } else {
    may_spill_ = true;
  }
}

void MemoryKeeper::stop() { io_.stop(); }

std::uint64_t MemoryKeeper::store_bytes() const { return store_.bytes(); }

memory::Fill MemoryKeeper::fill() const {
  return {.limit = limit_bytes_,
          .managed = store_.bytes(),
          .coming = loading_bytes_,
          .leaving = leaving_bytes_,
          .process = process_bytes_};
}

void MemoryKeeper::act() {
  const std::uint64_t bytes = store_.bytes();
  const std::uint64_t change =
      std::max(bytes, measured_store_bytes_) - std::min(bytes, measured_store_bytes_);
  if (limit_bytes_ != 0 && change > limit_bytes_ / 32) look_at_process(memory::private_bytes());
  spill();
  start_loads();
  decide_pause();
}

// ---- to disk

bool MemoryKeeper::can_spill() const {
  return may_spill_ && (spill_problem_.empty() || Clock::now() >= write_again_);
}

/// What tasks of this rank point to. In order, to be searched.
std::vector<const Value*> MemoryKeeper::values_read() const {
  std::vector<const Value*> read;
  if (rank_.worker() != nullptr) rank_.worker()->state().append_read(read);
  std::ranges::sort(read);
  return read;
}

/// Nobody has a reference to the value, and no task points to it.
bool MemoryKeeper::is_free(const Value& value, const std::vector<const Value*>& read) const {
  return !value.is_shared() && !std::ranges::binary_search(read, &value);
}

void MemoryKeeper::spill() {
  memory::Fill now = fill();
  if (!waiting_.empty()) {
    if (const Store::Large* next = store_.find_large(waiting_.front())) now.coming += next->bytes;
  }
  std::uint64_t needed = memory::bytes_to_spill(levels_, now);
  if (needed == 0 || Clock::now() < search_again_) return;
  const bool writes = can_spill();
  const std::vector<const Value*> read = values_read();
  std::vector<ValuePtr> dropped;
  for (auto each = store_.by_use().begin(); each != store_.by_use().end() && needed != 0;) {
    Store::Large& large = *store_.find_large((each++)->key);
    const Value* value = store_.value_of(large.key);
    if (large.writing || large.stays || value == nullptr || !is_free(*value, read)) continue;
    const bool has_backing = large.backing != nullptr;
    if (!has_backing && (!writes || value->ops().write == nullptr || value->ops().read == nullptr))
      continue;
    needed -= std::min(needed, large.bytes);
    if (has_backing) {
      process_bytes_ -= std::min(process_bytes_, large.bytes);
      dropped.push_back(store_.send_away(large.key));
    } else {
      begin_write(large);
    }
  }
  if (needed != 0) search_again_ = Clock::now() + search_interval;
  if (dropped.empty()) return;
  // Freeing much memory takes long, and others wait for the lock; but before more is written.
  io_.post_urgent(
      [trash = std::make_shared<std::vector<ValuePtr>>(std::move(dropped))] { trash->clear(); });
}

void MemoryKeeper::begin_write(Store::Large& large) {
  large.writing = true;
  ++leaving_;
  leaving_bytes_ += large.bytes;
  const auto value = std::make_shared<ValuePtr>(counted(store_.value_of(large.key)));
  io_.post([this, key = large.key, bytes = large.bytes, value] {
    memory::SpilledPtr spilled;
    std::string problem;
    bool is_general = false;
    try {
      spilled = file_.write(**value);
    } catch (const Error& error) {
      problem = error.what();
      is_general = error.code() == ErrorCode::no_memory || error.code() == ErrorCode::io;
    } catch (...) {
      problem = "writing it threw " + describe_current_exception().message;
    }
    std::vector<ValuePtr> dropped;
    {
      const std::lock_guard lock(engine_.mutex());
      --leaving_;
      leaving_bytes_ -= bytes;
      if (spilled) {
        on_written(key, spilled, std::move(*value), dropped);
      } else {
        on_write_failed(key, problem, is_general);
        dropped.push_back(std::move(*value));
      }
      act();
      rank_.outbox().flush();
    }
  });
}

void MemoryKeeper::on_written(ValueKey key, const memory::SpilledPtr& spilled, ValuePtr value,
                              std::vector<ValuePtr>& dropped) {
  Store::Large* large = store_.find_large(key);
  if (large == nullptr || !large->writing) {
    // It was released meanwhile.
    dropped.push_back(std::move(value));
    return;
  }
  spill_problem_.clear();
  large->writing = false;
  large->backing = spilled;
  value = ValuePtr();
  // Somebody may have begun to use it; then it stays, and can leave at once later.
  if (!is_free(*store_.value_of(key), values_read())) return;
  process_bytes_ -= std::min(process_bytes_, large->bytes);
  dropped.push_back(store_.send_away(key));
  // That something is away at all is told even if it comes back before the next look: rank 0 may
  // have to say something about the disk.
  if (told_.spilled_bytes == 0) report();
}

void MemoryKeeper::on_write_failed(ValueKey key, const std::string& problem, bool is_general) {
  if (Store::Large* large = store_.find_large(key)) {
    large->writing = false;
    large->stays = !is_general;
  }
  if (!is_general) {
    base::log_warning_once("unspillable", "a value cannot be spilled: " + problem);
    return;
  }
  spill_problem_ = problem;
  write_again_ = Clock::now() + write_interval;
  base::log_warning_once("spill", problem +
                                      "; values stay in memory, and tasks whose results find no "
                                      "room there will fail");
}

// ---- back from disk

void MemoryKeeper::load(ValueKey key, OnLoaded on_loaded) {
  add_load(key, std::move(on_loaded), false);
}

void MemoryKeeper::load_for_task(ValueKey key, OnLoaded on_loaded) {
  add_load(key, std::move(on_loaded), true);
}

void MemoryKeeper::add_load(ValueKey key, OnLoaded on_loaded, bool for_task) {
  if (!store_.is_away(key)) {
    const Value* value = store_.value_of(key);
    if (value == nullptr) return on_loaded({ValuePtr(), 0, "the value was released"});
    return on_loaded({counted(value), 0, ""});
  }
  Load& load = loads_[key];
  const bool is_new = load.on_loaded.empty();
  load.on_loaded.push_back(std::move(on_loaded));
  if (load.started || (for_task && !is_new)) return;
  (for_task ? waiting_ : serving_).push_back(key);
  act();
}

/// For others values come while there is room below the level of pauses, and else one after the
/// other: their tasks do not wait for those of this rank.
void MemoryKeeper::start_serving() {
  while (!serving_.empty()) {
    const ValueKey key = serving_.front();
    const auto found = loads_.find(key);
    if (found != loads_.end() && !found->second.started) {
      const Store::Large* large = store_.find_large(key);
      const std::uint64_t bytes = large != nullptr ? large->bytes : 0;
      if (busy() && !memory::may_serve(levels_, fill(), bytes)) return;
      serving_.pop_front();
      start_load(key, found.value());
    } else {
      serving_.pop_front();
    }
  }
}

/// For tasks values come in the order in which they were asked for, while there is room, or when
/// else nothing would ever happen.
void MemoryKeeper::start_loads() {
  start_serving();
  while (!waiting_.empty()) {
    const ValueKey key = waiting_.front();
    const auto found = loads_.find(key);
    if (found == loads_.end() || found->second.started) {
      waiting_.pop_front();
      continue;
    }
    const Store::Large* large = store_.find_large(key);
    const std::uint64_t bytes = large != nullptr ? large->bytes : 0;
    if (!memory::has_room(levels_, fill(), bytes) && !nothing_goes_on()) return;
    waiting_.pop_front();
    start_load(key, found.value());
  }
}

/// A thread has nothing to do, and nothing is on its way that would change that.
bool MemoryKeeper::nothing_goes_on() const {
  if (busy()) return false;
  const WorkerDriver* driver = rank_.worker();
  if (driver == nullptr) return true;
  const std::size_t work = driver->state().running() + driver->state().ready_count();
  return paused_ ? work == 0 : work < driver->state().limits().slots;
}

void MemoryKeeper::start_load(ValueKey key, Load& load) {
  load.started = true;
  const Store::Large* large = store_.find_large(key);
  if (large == nullptr) return end_load(key, {ValuePtr(), 0, "the value was released"});
  ++loading_;
  loading_bytes_ += large->bytes;
  io_.post_urgent([this, key, bytes = large->bytes, backing = large->backing] {
    Loaded loaded;
    loaded.bytes = bytes;
    try {
      loaded.value = file_.read(*static_cast<const memory::SpilledValue*>(backing.get()));
    } catch (...) {
      loaded.problem = describe_current_exception().message;
    }
    const std::lock_guard lock(engine_.mutex());
    --loading_;
    loading_bytes_ -= bytes;
    end_load(key, std::move(loaded));
    act();
    rank_.outbox().flush();
    engine_.notify();
  });
}

void MemoryKeeper::end_load(ValueKey key, Loaded loaded) {
  const auto found = loads_.find(key);
  check(found != loads_.end(), "what was loaded was asked for");
  const Load load = std::move(found.value());
  loads_.erase(found);
  // Who asked once may ask again, for another part of it; what is used less leaves instead.
  if (loaded.value) store_.bring_back(key, loaded.value);
  if (!loaded.problem.empty()) base::log_error(loaded.problem);
  for (const OnLoaded& each : load.on_loaded) each(loaded);
}

// ---- pause

void MemoryKeeper::decide_pause() {
  WorkerDriver* driver = rank_.worker();
  if (driver == nullptr) return;
  const memory::Fill now = fill();
  const bool paused = memory::should_pause(levels_, now, paused_);
  worker::Pause pause = worker::Pause::none;
  if (paused) {
    const bool stuck = driver->state().running() == 0 && !busy();
    pause = stuck ? worker::Pause::one_at_a_time : worker::Pause::all;
    if (stuck && paused_ && Clock::now() > paused_since_ + patience) {
      base::log_warning_once(
          "one at a time",
          fmt::format("rank {} uses {} of the {} of its memory limit, {} of them for values, and "
                      "has nothing more to spill{}{}: it runs one task at a time. Use more ranks, "
                      "set a larger memory_limit, or let tasks use less memory",
                      rank_.rank(), megabytes(std::max(now.process, now.managed)),
                      megabytes(now.limit), megabytes(now.managed),
                      spill_problem_.empty() ? "" : ", as ", spill_problem_));
    }
  }
  if (pause != driver->state().pause()) {
    driver->set_pause(pause);
    if (driver->state().has_ready()) engine_.notify();
  }
  if (paused != paused_) {
    paused_ = paused;
    paused_since_ = Clock::now();
    report();
  }
}

std::string MemoryKeeper::refusal(const std::string& function, std::uint64_t bytes) const {
  if (limit_bytes_ == 0 || bytes < Store::large_bytes_min) return {};
  if (bytes > limit_bytes_) {
    return fmt::format(
        "the result of {} takes {}, and rank {} may use {} (option memory_limit): let each task "
        "return less, or set a larger memory_limit",
        function, megabytes(bytes), rank_.rank(), megabytes(limit_bytes_));
  }
  if (store_.bytes() + bytes <= limit_bytes_ || spill_problem_.empty()) return {};
  return fmt::format(
      "the result of {} takes {}, but rank {} holds {} of the {} that it may use (option "
      "memory_limit) and cannot spill more: {}. Use more ranks, release futures earlier, or set a "
      "larger memory_limit",
      function, megabytes(bytes), rank_.rank(), megabytes(store_.bytes()), megabytes(limit_bytes_),
      spill_problem_);
}

// ---- the process, and rank 0

void MemoryKeeper::measured(std::uint64_t private_bytes) {
  private_bytes_ = private_bytes;
  process_bytes_ = private_bytes - std::min(private_bytes, baseline_bytes_);
  measured_store_bytes_ = store_.bytes();
}

/// Much of what a process has may be what its heap keeps for later: that is given back first, and
/// counts only if it stays.
void MemoryKeeper::look_at_process(std::uint64_t private_bytes) {
  const std::uint64_t before = process_bytes_;
  measured(private_bytes);
  if (!memory::should_trim(levels_, fill()) || Clock::now() < trim_again_) return;
  process_bytes_ = std::min(before, process_bytes_);
  if (std::exchange(trimming_, true)) return;
  io_.post_urgent([this] { trim(); });
}

void MemoryKeeper::tick() {
  const std::uint64_t private_bytes = memory::private_bytes();
  const std::lock_guard lock(engine_.mutex());
  look_at_process(private_bytes);
  act();
  report();
  rank_.outbox().flush();
}

void MemoryKeeper::trim() {
  const std::uint64_t before = memory::private_bytes();
  const Clock::time_point start = Clock::now();
  memory::give_back_free_memory();
  const Clock::duration took = Clock::now() - start;
  const std::uint64_t after = memory::private_bytes();
  const std::lock_guard lock(engine_.mutex());
  trimming_ = false;
  const bool was_worth_it = after < before && before - after > limit_bytes_ / 20;
  trim_pause_ = was_worth_it ? trim_pause_min : std::min(2 * trim_pause_, trim_pause_max);
  // However large the heap is, little time goes into this.
  trim_again_ = Clock::now() + std::max<Clock::duration>(trim_pause_, 20 * took);
  measured(after);
  act();
  rank_.outbox().flush();
}

protocol::MemoryState MemoryKeeper::state() const {
  const auto& node_store = rank_.sharing().store;
  return {.managed_bytes = store_.bytes(),
          .process_bytes = private_bytes_,
          .spilled_bytes = store_.bytes_away(),
          .shared_bytes = node_store == nullptr ? 0 : node_store->figures().owned,
          .paused = paused_};
}

/// Tells rank 0 when something has changed that is worth a message; that the rank pauses at once.
void MemoryKeeper::report() {
  if (rank_.worker() == nullptr) return;
  const protocol::MemoryState now = state();
  const std::uint64_t step = std::max<std::uint64_t>(1 << 20, limit_bytes_ / 100);
  const auto differs = [step](std::uint64_t left, std::uint64_t right) {
    return left > right ? left - right > step : right - left > step;
  };
  const bool flips = now.paused != told_.paused;
  const bool is_news = differs(now.managed_bytes, told_.managed_bytes) ||
                       differs(now.process_bytes, told_.process_bytes) ||
                       differs(now.spilled_bytes, told_.spilled_bytes) ||
                       differs(now.shared_bytes, told_.shared_bytes) ||
                       (now.spilled_bytes == 0) != (told_.spilled_bytes == 0);
  if (!flips && !is_news && has_told_) return;
  told_ = now;
  has_told_ = true;
  constexpr std::size_t message_bytes_max = 64;
  if (flips) {
    rank_.outbox().add(0, now, message_bytes_max);
  } else {
    rank_.outbox().add_patient(0, now, message_bytes_max);
  }
}

}  // namespace tutti::runtime
