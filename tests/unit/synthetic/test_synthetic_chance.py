from synthetic.chance import seeded


def test_a_generator_depends_on_its_parts_alone() -> None:
    assert seeded("a", 1).random() == seeded("a", 1).random()
    assert seeded("a", 1).random() != seeded("a", 2).random()


def test_draws_are_the_same_on_every_machine() -> None:
    assert [seeded("OPH", 7).randint(0, 9_999), seeded("OPH", 7, "x").randint(0, 9_999)] == [7_072, 6_599]
