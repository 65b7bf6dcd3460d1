// Named data sets: futures that live as long as they are published, and that all of main can ask
// for.
//
// test ranks: 1 2 3 4
// test timeout: 60

#include "support/datasets.hpp"

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](tutti::Client& client) {
    tutti_test::expect_ranks(client);
    tutti_test::check_datasets(client);
    return tutti_test::exit_code();
  });
}
