// The state of the scheduler as text, for people who have to find out why nothing goes on.

#include "scheduler/scheduler.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

namespace tutti::scheduler {
namespace {

constexpr std::size_t lines_max = 1000;
constexpr std::size_t inputs_max = 16;
constexpr std::size_t events_max = 500;

std::string_view name_of(TaskState state) {
  switch (state) {
    case TaskState::unused:
      return "unused";
    case TaskState::waiting:
      return "waiting";
    case TaskState::ready:
      return "ready";
    case TaskState::assigned:
      return "assigned";
    case TaskState::finished:
      return "finished";
    case TaskState::failed:
      return "failed";
  }
  return "unknown";
}

std::string name_of(TaskId id) {
  return fmt::format("{} {}.{}", id.is_group() ? "map" : "task", id.slot(), id.generation());
}

std::string tell_inputs(std::span<const Input> inputs) {
  std::string text;
  for (const Input& input : inputs.first(std::min(inputs.size(), inputs_max))) {
    text += fmt::format("{} {}", text.empty() ? ", needs" : ",", name_of(input.id));
    if (input.is_order()) text += " (order)";
    if (input.id.is_group() && !input.is_order())
      text += fmt::format(" [{}, {})", input.index, input.index + input.count);
  }
  if (inputs.size() > inputs_max) text += fmt::format(" and {} more", inputs.size() - inputs_max);
  return text;
}

}  // namespace

std::string Scheduler::tell_state() const {
  const Counts now = counts();
  std::string text = fmt::format(
      "{} tasks and {} maps are live, {} not done; {} assigned and not reported; {} done so "
      "far\n\n",
      now.tasks_live, now.groups_live, now.work_left, now.outstanding, now.tasks_done);
  tell_workers(text);
  tell_work(text);
  text += "\nThe last events:\n";
  std::vector<StoryEvent> events;
  const std::uint64_t next = story_.next();
  story_.read(next > events_max ? next - events_max : 0, events);
  for (const StoryEvent& event : events) {
    text += fmt::format("{:.6f} s {} {}", static_cast<double>(event.time_ns) * 1e-9,
                        name_of(event.id), scheduler::name_of(event.kind));
    text += event.worker >= 0 ? fmt::format(" (rank {})\n", event.worker) : "\n";
  }
  return text;
}

void Scheduler::tell_workers(std::string& text) const {
  text += "Workers:\n";
  for (int rank = 0; rank < workers_.size(); ++rank) {
    const WorkerRecord& worker = workers_.at(rank);
    if (!worker.joined) continue;
    text += fmt::format(
        "rank {}: {} slots, {} outstanding ({} units), {} waiting there, {} queued here, "
        "{} queued ahead{}\n",
        rank, worker.slots, worker.outstanding, worker.units, worker.waiting,
        worker.own_queue.size(), worker.ahead_queue.size(),
        worker.asked ? ", asked for work and has not answered" : "");
  }
}

void Scheduler::tell_work(std::string& text) const {
  text += "\nNot done:\n";
  std::size_t lines = 0;
  for (std::uint32_t slot = 0; slot < tasks_.slots() && lines < lines_max; ++slot) {
    const TaskRecord& record = tasks_.at(slot);
    if (record.state == TaskState::unused || record.state == TaskState::finished ||
        record.state == TaskState::failed)
      continue;
    ++lines;
    text += fmt::format("{} {}", name_of(tasks_.id_of(slot)), name_of(record.state));
    if (record.state == TaskState::assigned) text += fmt::format(" to rank {}", record.worker);
    text +=
        fmt::format(", {} inputs missing, {} nowhere, {} users{}\n", record.missing_inputs,
                    record.unplaced_inputs, record.references, tell_inputs(record.input_span()));
  }
  for (std::uint32_t slot = 0; slot < groups_.slots() && lines < lines_max; ++slot) {
    const GroupRecord& group = groups_.at(slot);
    if (group.state != GroupState::waiting && group.state != GroupState::active) continue;
    ++lines;
    text += fmt::format("{} of {} elements: {} given out, {} done, {} constants missing{}",
                        name_of(groups_.id_of(slot)), group.total, group.given_out, group.done,
                        group.missing_inputs, tell_inputs(group.inputs));
    for (const auto& [begin, range] : group.outstanding)
      text += fmt::format("; [{}, {}) at rank {}", begin, begin + range.count, range.worker);
    text += "\n";
  }
  if (lines == lines_max) text += "... and more\n";
}

}  // namespace tutti::scheduler
