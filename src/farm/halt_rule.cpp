#include "farm/halt_rule.hpp"

#include "tutti/error.hpp"
#include "tutti/jobs.hpp"

#include <algorithm>
#include <charconv>
#include <signal.h>

namespace tutti::farm {
namespace {

[[noreturn]] void refuse(std::string_view text) {
  throw Error(ErrorCode::bad_argument,
              "--halt takes never, or soon or now with a condition, as in soon,fail=1 or "
              "now,success=3 or now,done=50 or soon,fail=20%, and not '" +
                  std::string(text) + "'");
}

}  // namespace

HaltRule::HaltRule(std::string_view text) {
  if (text == "never" || text == "0") return;
  if (text == "1") text = "soon,fail=1";
  if (text == "2") text = "now,fail=1";
  const std::size_t comma = text.find(',');
  const std::size_t equals = text.find('=');
  if (comma == std::string_view::npos || equals == std::string_view::npos || equals < comma)
    refuse(text);
  const std::string_view when = text.substr(0, comma);
  const std::string_view what = text.substr(comma + 1, equals - comma - 1);
  std::string_view number = text.substr(equals + 1);
  if (when != "soon" && when != "now") refuse(text);
  if (what != "fail" && what != "success" && what != "done") refuse(text);
  when_ = when == "soon" ? When::soon : When::now;
  what_ = what == "fail" ? What::fail : what == "success" ? What::success : What::done;
  const bool share = number.ends_with('%');
  if (share) number.remove_suffix(1);
  const auto result = std::from_chars(number.data(), number.data() + number.size(), count_);
  if (result.ec != std::errc{} || result.ptr != number.data() + number.size() || count_ == 0)
    refuse(text);
  if (share && count_ > 100) refuse(text);
  if (share) share_ = static_cast<double>(count_) / 100;
}

HaltRule::When HaltRule::look(const FarmCounts& counts) const {
  if (when_ == When::never) return When::never;
  const std::uint64_t number = what_ == What::fail      ? counts.failed
                               : what_ == What::success ? counts.succeeded
                                                        : counts.done();
  constexpr std::uint64_t fewest_of_share = 3;
  const bool reached =
      share_ > 0 ? number >= fewest_of_share &&
                       static_cast<double>(number) >= share_ * static_cast<double>(counts.total)
                 : number >= count_;
  return reached ? when_ : When::never;
}

int farm_exit_code(FarmEnd end, std::uint64_t failures, int signal) {
  if (end == FarmEnd::interrupted)
    return signal == SIGTERM || signal == SIGINT ? 128 + signal : requeue_exit_code;
  constexpr std::uint64_t most = 101;
  const auto code = static_cast<int>(std::min(failures, most));
  return code == requeue_exit_code ? code + 1 : code;
}

}  // namespace tutti::farm
