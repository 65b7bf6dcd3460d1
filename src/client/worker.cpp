#include "tutti/worker.hpp"

#include "client/hardware.hpp"
#include "memory/scratch_directory.hpp"
#include "tutti/client.hpp"
#include "tutti/error.hpp"
#include "worker/task_context.hpp"
#include "worker/work.hpp"

#include <string>

namespace tutti {
namespace {

worker::TaskContext& own_task(const char* what) {
  worker::TaskContext* task = worker::current_task();
  if (task == nullptr) {
    throw Error(ErrorCode::not_running, std::string("get_worker().") + what +
                                            "() was called on a thread that runs no task; call it "
                                            "in the task itself and hand on what it gives");
  }
  return *task;
}

}  // namespace

std::filesystem::path Worker::local_directory() const {
  return memory::scratch_directory(client_module::local_directory_here(), rank_);
}

Client Worker::client() const { return tutti::client(); }

int Worker::attempt() const { return own_task("attempt").attempt; }

unsigned Worker::cores() const {
  const worker::Claim* claim = own_task("cores").claim;
  return claim == nullptr ? 1 : claim->cores;
}

std::span<const std::int32_t> Worker::devices() const {
  const worker::Claim* claim = own_task("devices").claim;
  if (claim == nullptr) return {};
  return claim->devices;
}

int Worker::device() const {
  const std::span<const std::int32_t> all = devices();
  return all.empty() ? -1 : all.front();
}

void Worker::progress(double fraction) const {
  worker::TaskContext& task = own_task("progress");
  if (!(fraction >= 0 && fraction <= 1)) {
    throw Error(ErrorCode::bad_argument, "progress(" + std::to_string(fraction) +
                                             ") was called by the task " + task.name() +
                                             ": it must be a number from 0 to 1");
  }
  if (task.progress_is_due()) client_module::tell_progress({task.id, task.element(), fraction});
}

bool Worker::cancelled() const noexcept {
  const worker::TaskContext* task = worker::current_task();
  return task != nullptr && task->is_stopped();
}

Random& Worker::random() const { return own_task("random").random(seed_); }

}  // namespace tutti
