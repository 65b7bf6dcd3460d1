#pragma once

/// What stands in braces in a command: `{}`, `{.}`, `{/}`, `{//}`, `{/.}`, `{#}`, and with the
/// number of a list, `{2}` or `{2/}`. As in GNU parallel.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::farm {

/// A command with places for values.
class Replacement {
 public:
  /// A text without any place for a value gets ` {}` at its end. Throws Error (bad_argument) for
  /// `{3}` when there are fewer than 3 lists, and for `{%}`, which is not known before the start.
  Replacement(std::string_view text, std::size_t lists);

  /// The command for one value of each list. Values are quoted for the shell where that is needed.
  /// `number` stands in the place of `{#}`.
  std::string command(const std::vector<std::string>& values, std::uint64_t number) const;

 private:
  enum class Part {
    text,             ///< no place: the text itself
    number,           ///< {#}
    value,            ///< {}
    without_suffix,   ///< {.}
    name,             ///< {/}
    folder,           ///< {//}
    name_of_archive,  ///< {/.}: without folder and suffix
  };
  struct Piece {
    Part part = Part::text;
    std::size_t list = 0;  ///< from 1 on; 0: all lists, with spaces between
    std::string text = {};
  };
  static std::string part_of(const std::string& value, Part part);
  bool add_place(std::string_view inside, std::size_t lists);

  std::vector<Piece> pieces_;
};

}  // namespace tutti::farm
