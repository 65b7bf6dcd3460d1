#include "scheduler/story.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tutti::scheduler {

std::string_view name_of(StoryEvent::Kind kind) {
  switch (kind) {
    case StoryEvent::Kind::submitted:
      return "submitted";
    case StoryEvent::Kind::ready:
      return "ready";
    case StoryEvent::Kind::assigned:
      return "assigned";
    case StoryEvent::Kind::given_back:
      return "given back";
    case StoryEvent::Kind::finished:
      return "finished";
    case StoryEvent::Kind::threw:
      return "threw";
    case StoryEvent::Kind::input_failed:
      return "an input failed";
    case StoryEvent::Kind::released:
      return "released";
    case StoryEvent::Kind::worker_joined:
      return "worker joined";
    case StoryEvent::Kind::cancelled:
      return "cancelled";
  }
  return "unknown";
}

std::uint64_t Story::read(std::uint64_t since, std::vector<StoryEvent>& events) const {
  const std::uint64_t oldest = next_ > ring_.size() ? next_ - ring_.size() : 0;
  for (std::uint64_t number = std::max(since, oldest); number < next_; ++number) {
    events.push_back(ring_[static_cast<std::size_t>(number % ring_.size())]);
  }
  return next_;
}

std::string Story::tell(TaskId id) const {
  std::vector<StoryEvent> events;
  read(0, events);
  std::erase_if(events, [id](const StoryEvent& event) { return event.id != id; });
  // A map has an event for each of its ranges; the last ones tell what matters.
  constexpr std::size_t lines_max = 8;
  std::string text;
  if (events.size() > lines_max) {
    text = fmt::format("... {} earlier events", events.size() - lines_max);
    events.erase(events.begin(), events.end() - lines_max);
  }
  for (const StoryEvent& event : events) {
    text += fmt::format("{}{:.6f} s {}", text.empty() ? "" : "\n",
                        static_cast<double>(event.time_ns) * 1e-9, name_of(event.kind));
    if (event.worker >= 0) text += fmt::format(" (rank {})", event.worker);
  }
  return text;
}

}  // namespace tutti::scheduler
