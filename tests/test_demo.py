"""The demonstration prints the figures of the published studies, each computed when it runs."""

from csat import demo
from csat.demo import Line


def found(lines: list[Line]) -> dict[str, str]:
    return {line.figure.en: line.found for line in lines}


def test_the_bank_survey_shows_the_published_factor_figures():
    survey = demo.survey_of(demo.bank_columns(), instrument="bank_corporate")
    assert found(demo.bank_lines(survey)) == {
        "KMO": ".765",
        "eigenvalues above 1": "5",
        "cumulative share": "63.1 %",
        "alpha of all 12 items": ".71",
        "items on each factor": "2/3/2/3/2",
    }


def test_the_bank_paths_come_back_within_03():
    lines = demo.path_lines()
    assert len(lines) == len(demo.PUBLISHED_PATHS) == 5
    for line in lines:
        assert abs(float(line.found) - float(line.published)) < 0.03, line


def test_the_directory_study_prints_its_equation_and_both_readings_of_the_index():
    figures = found(demo.directory_lines())
    assert figures == {
        "equation": "Y = .656 + .038 X1 + .123 X2",
        "R": ".596",
        "F(2, 427)": "117.62",
        "VIF": "2.63",
        "p of attitude": ".169",
        "index, per cent of maximum": "57.25",
        "index, 0-100 rescale": "57.25",
    }


def test_the_columns_written_as_csv_are_read_back(tmp_path):
    import csat

    path = tmp_path / "bank.csv"
    path.write_bytes(demo.as_csv(demo.bank_columns()))
    survey = csat.read(path, instrument="bank_corporate")
    assert survey.responses.rows == 93
    assert survey.responses.report.invalid_count == 0
    accounted = survey.reading(issued=demo.ISSUED, returned=demo.RETURNED)
    assert "67.59" in accounted.summary() and "94.9" in accounted.summary()
