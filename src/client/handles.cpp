#include "base/exception_text.hpp"
#include "base/pointer_guard.hpp"
#include "client/completion.hpp"
#include "client/current.hpp"
#include "tutti/after.hpp"
#include "tutti/client.hpp"
#include "tutti/detail/core.hpp"
#include "tutti/detail/map_call.hpp"
#include "tutti/detail/map_thunk.hpp"
#include "worker/task_context.hpp"

#include <atomic>
#include <mutex>
#include <string>
#include <utility>

namespace tutti {

namespace {

std::atomic<detail::Core*> current_core{nullptr};
std::atomic<std::uint32_t> current_epoch{0};
std::atomic<std::uint32_t> guarded_closures{4};

}  // namespace

Client client() {
  (void)detail::Core::current("tutti::client()");
  return Client();
}

namespace client_module {

std::uint32_t make_current(detail::Core& core, std::uint32_t guard_closures) {
  guarded_closures = guard_closures;
  const std::uint32_t epoch = ++current_epoch;
  current_core = &core;
  return epoch;
}

void make_none_current() { current_core = nullptr; }

}  // namespace client_module

namespace detail {

void note_after(After& after, const HandlePtr& handle, std::uint64_t index) {
  if (!handle) return;  // the futures of a map without elements may have none
  if (handle->is_group && index != whole_group && index >= handle.group().total) {
    throw Error(ErrorCode::bad_argument, "after() was given element " + std::to_string(index) +
                                             " of a map with " +
                                             std::to_string(handle.group().total) + " elements");
  }
  if (!after.each.empty()) {
    const After::Each& last = after.each.back();
    if (last.handle.get() == handle.get() && last.index == index) return;
  }
  after.each.push_back({handle, index});
}

Core& Core::current(const char* what) {
  Core* core = current_core.load(std::memory_order_acquire);
  if (core == nullptr) {
    throw Error(ErrorCode::not_running,
                std::string(what) +
                    " was called outside of a run; call it inside tutti::run(argc, argv, "
                    "[](tutti::Client& client) "
                    "{...}), or after tutti::setup(argc, argv) returned true, on rank 0");
  }
  return *core;
}

Core& Core::of(const Handle& handle) {
  Core* core = current_core.load(std::memory_order_acquire);
  if (core == nullptr || handle.epoch != current_epoch.load(std::memory_order_relaxed)) {
    throw Error(
        ErrorCode::not_running,
        "a future was used after the end of the run that made it; take results before shutdown");
  }
  return *core;
}

Handle::Handle(bool group) : is_group(group) {}
Handle::~Handle() = default;

void release_handle(Handle* handle) noexcept {
  if (handle->is_lent) return client_module::destroy(handle);
  Core* core = current_core.load(std::memory_order_acquire);
  if (core != nullptr && handle->epoch == current_epoch.load(std::memory_order_relaxed)) {
    core->released(handle);
  } else {
    client_module::destroy(handle);
  }
}

CallBuilder& call_builder() {
  thread_local CallBuilder builder;
  builder.clear();
  return builder;
}

void throw_failure(const FailurePtr& failure) {
  if (failure->type == "tutti::CancelledError") throw CancelledError(failure->message);
  throw TaskFailed(*failure);
}

std::size_t common_length(std::span<const std::size_t> lengths, const std::string& function) {
  std::size_t length = no_length;
  std::string text;
  bool differ = false;
  for (const std::size_t each : lengths) {
    if (each == no_length) continue;
    if (length != no_length && each != length) differ = true;
    length = each;
    text += (text.empty() ? "" : ", ") + std::to_string(each);
  }
  if (differ) {
    throw Error(ErrorCode::bad_argument, "map of " + function +
                                             " was given ranges of unequal lengths (" + text +
                                             "); they are zipped, so make them equally long, or "
                                             "wrap what goes whole to every call in "
                                             "tutti::constant()");
  }
  return length;
}

void guard_closure(std::span<const std::byte> closure, std::size_t, bool padding_cleared,
                   std::atomic<std::uint32_t>& seen, std::string (*name)()) {
  if (seen.load(std::memory_order_relaxed) >= guarded_closures.load(std::memory_order_relaxed))
    return;
  seen.fetch_add(1, std::memory_order_relaxed);
  const auto found = base::find_pointer(
      closure, padding_cleared ? base::Padding::cleared : base::Padding::unknown);
  if (!found) return;
  throw Error(ErrorCode::cannot_travel,
              "the function " + readable_function_name(name()) +
                  " captures a reference, pointer, const char* or view: " + *found +
                  ". It would point nowhere on another rank. Capture the value itself, pass it as "
                  "an argument of submit or map, or bind "
                  "it: tutti::bind([](const std::string& s, int i) {...}, s)");
}

void note_element_failure(RangeCall& call, std::uint64_t index) {
  ExceptionText text = describe_current_exception();
  call.failures.push_back({index, std::move(text.type), std::move(text.message), false});
  // What it held is free before elements behind it in the block run.
  if (worker::TaskContext* task = worker::current_task()) task->holdings.reset();
}

void note_inherited_failure(RangeCall& call, std::uint64_t index) {
  call.failures.push_back({index, "tutti::TaskFailed", "the element of the source failed", true});
}

}  // namespace detail
}  // namespace tutti
