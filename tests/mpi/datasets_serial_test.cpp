// The same named data sets with TUTTI_SERIAL=1.
//
// test ranks: 1
// test env: TUTTI_SERIAL=1

#include "support/datasets.hpp"

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](tutti::Client& client) {
    tutti_test::expect_ranks(client);
    tutti_test::check_datasets(client);
    return tutti_test::exit_code();
  });
}
