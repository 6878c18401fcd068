// title: Referrals that were claimed but lay on a cycle
// title_zh: 因成环而被隔离的推荐关系
MATCH (referrer:Promoter)-[:CLAIMED_REFERRAL]->(p:Promoter)
RETURN referrer.code AS claimed_referrer, p.code AS promoter
ORDER BY promoter
