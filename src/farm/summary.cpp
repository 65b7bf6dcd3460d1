#include "farm/summary.hpp"

#include "client/progress_line.hpp"

#include <fmt/format.h>

namespace tutti::farm {

std::string summary_text(const FarmSummary& summary) {
  const FarmCounts& counts = summary.counts;
  const std::uint64_t all = counts.total + summary.done_before;
  std::string text = fmt::format("{} of {} command{} done", counts.done() + summary.done_before,
                                 all, all == 1 ? "" : "s");
  if (summary.done_before > 0) text += fmt::format(" ({} before)", summary.done_before);
  if (counts.failed > 0) {
    const bool more = counts.failed > summary.failed.size();
    text += fmt::format(", {} failed ({}{})", counts.failed, fmt::join(summary.failed, ", "),
                        more ? ", ..." : "");
  }
  if (summary.retried > 0) text += fmt::format(", {} tried again", summary.retried);
  text += "; took " + client_module::duration_text(summary.seconds);
  if (summary.seconds > 0 && summary.slots > 0) {
    const double share =
        summary.command_seconds / (summary.seconds * static_cast<double>(summary.slots));
    text += fmt::format(", {:.0f} % of {} slot{} busy", 100 * share, summary.slots,
                        summary.slots == 1 ? "" : "s");
  }
  if (summary.end == FarmEnd::interrupted) {
    text += "; interrupted, run it again with --resume-failed";
  } else if (counts.done() < counts.total) {
    text += "; stopped early";
  }
  return text;
}

}  // namespace tutti::farm
