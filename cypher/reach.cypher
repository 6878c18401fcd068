// name: levels
// returns: one Levels
// How many people stand above each of about `sample` promoters drawn at random, and out of how many they were drawn.
MATCH (anybody:Promoter)
WITH count(anybody) AS promoters
CALL (promoters) {
  MATCH (p:Promoter) WHERE rand() < toFloat($sample) / promoters
  RETURN collect(COUNT { (p)<-[:REFERRED*1..1000]-() }) AS levels
}
RETURN promoters AS promoters, levels AS levels
