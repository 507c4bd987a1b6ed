"""The reason codes of selection that are no rule of eligibility."""

# decisions
BELOW_PASS_MARK = "below_pass_mark"
ABSENT = "absent"
NO_SEAT = "no_seat"
DECLINED_SEAT = "declined_seat"
NOT_CONFIRMED = "not_confirmed"

# score rows
OUT_OF_RANGE = "out_of_range"
ABSENT_WITH_SCORES = "absent_with_scores"
NOT_SCREENED_YET = "not_screened_yet"
NOT_PASSED = "not_passed"
WITHDRAWN = "withdrawn"
ALREADY_DECIDED = "already_decided"
CANNOT_BE_EMPTIED = "cannot_be_emptied"

# tasks for staff
PRIOR_TRAINING_FOUND = "prior_training_found_after_decision"
INELIGIBLE = "ineligible_after_decision"
PASSED_LATE = "passed_after_decision"
SCORES_DIFFER = "scores_differ_from_decision"
